"""Speed measurements: every figure beside a yardstick in the same run, with the same answer checked."""
