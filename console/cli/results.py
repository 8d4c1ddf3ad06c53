"""The type of what each verb prints with ``--json``; docs/schemas is written from it, one JSON Schema for each verb.

Run ``python -m console.cli.results`` when a result has changed. Tests compare the files with these types, and the JSON that verbs print
with the files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from console.demo.screen import DemoFigures
from console.text.comparisons import ComparisonInWords
from console.text.explanations import ExplanationInWords
from console.text.hold_advice import HoldInWords
from console.text.outcomes import CorrectionInWords
from console.text.policies import PolicyInWords
from console.text.previews import PreviewInWords
from services.access.account_values import AccountDetails, NewToken, PasswordChange, RevokedToken
from services.access.page import TableRow
from services.audit.listing import RecordedAccess
from services.audit.persons import AccessToPerson
from services.audit.verification import AuditCheck, Proof, SignedCheckpoint
from services.cluster import ClusterStatus, StartedCluster, StoppedCluster
from services.deliveries.clock import DayMove
from services.deliveries.coverage import CoverageIntake, CoverageStatement
from services.deliveries.drop_folder import Pickup
from services.deliveries.exchange import SentEditions, TopicIntake
from services.deliveries.ingest import Ingest, IngestTrial
from services.deliveries.mending import CopiedRows
from services.deliveries.open_cells import Closing
from services.deliveries.pulls import FeedPull
from services.deliveries.quarantine import BrokenCell
from services.deliveries.statuses import DeliveryStatus
from services.erasure.erasure import Erasure, ErasureEntry, NothingUnfinished
from services.exports.candidates import ExportedList
from services.exports.changes_sheet import WrittenChanges
from services.exports.list_changes import ChangesSince
from services.exports.snapshot_comparison import SnapshotComparison
from services.exports.snapshots import CheckedSnapshot, CreatedSnapshot, SnapshotFile
from services.exports.visit_sheets import WrittenVisitSheets
from services.feeds.contracts import AddedFeed, DescribedFeed
from services.feeds.drafting import FeedDraft
from services.feeds.file_trial import FileTrial
from services.feeds.growth import ContractAddition, ContractChange
from services.health.finding import Finding
from services.identity.corrections import Correction, CorrectionInForce
from services.lists.candidates import ListedCandidate
from services.lists.changes import ListChanges
from services.lists.correction_requests import AnsweredRequest
from services.lists.edition_checks import BrokenLog, EditionCheck, EvidenceCheck
from services.lists.editions import CutEdition, EditionDetails, EditionSummary, WrittenEvidence
from services.lists.explanations import ErasedSubject
from services.lists.follow_ups import CandidateHistory, HistoryEvent
from services.lists.hold_decisions import DecidedHold
from services.lists.holds import HoldSummary
from services.lists.outcome_reports import ReportedOutcome
from services.lists.outcomes import OutcomeTally
from services.lists.people import ListPlace
from services.lists.returned_lists import ReturnedList
from services.network import NetworkKeyFile, NetworkMember, PlacedShard, RefusedMessage
from services.policies.cases import CaseRun
from services.policies.forecast import Forecast
from services.policies.needs import PolicyNeeds
from services.policies.publication import PolicyWithdrawal, Publication
from services.policies.versions import ListedPolicy, PolicyEvent
from services.problems import ReportedProblem
from services.results import schema
from services.units import AddedUnit, ListedUnit
from services.workspaces import NewWorkspace, UpgradedWorkspace

FOLDER = Path("docs/schemas")
RESULTS: dict[str, Any] = {
    "access table": list[TableRow],
    "account add": AccountDetails,
    "account disable": AccountDetails,
    "account enable": AccountDetails,
    "account grant": AccountDetails,
    "account list": list[AccountDetails],
    "account map": AccountDetails,
    "account password": PasswordChange,
    "account revoke": AccountDetails,
    "account show": AccountDetails,
    "account token": NewToken | RevokedToken,
    "audit checkpoint": SignedCheckpoint,
    "audit list": list[RecordedAccess],
    "audit person": list[AccessToPerson],
    "audit proof": Proof,
    "audit show": RecordedAccess,
    "audit verify": AuditCheck,
    "candidates ack": ReportedOutcome | ReturnedList,
    "candidates answer": ListChanges,
    "candidates answer-request": AnsweredRequest,
    "candidates assign": HistoryEvent,
    "candidates call-again": HistoryEvent,
    "candidates changes": ChangesSince | WrittenChanges,
    "candidates corrections": list[CorrectionInWords],
    "candidates export": ExportedList,
    "candidates history": CandidateHistory,
    "candidates find": tuple[ListPlace, ...],
    "candidates list": tuple[ListedCandidate, ...],
    "candidates note": HistoryEvent,
    "candidates outcomes": list[OutcomeTally],
    "candidates send": SentEditions,
    "candidates visit": WrittenVisitSheets,
    "demo": DemoFigures,
    "doctor": list[Finding],
    "edition cut": CutEdition,
    "edition evidence": WrittenEvidence,
    "edition list": tuple[EditionSummary, ...],
    "edition show": EditionDetails | ExplanationInWords | ErasedSubject,
    "edition verify": EditionCheck | EvidenceCheck | BrokenLog,
    "erase finish": Erasure | NothingUnfinished,
    "erase list": list[ErasureEntry],
    "erase person": Erasure,
    "explain": ExplanationInWords | ErasedSubject,
    "feed add": AddedFeed,
    "feed check": list[ContractAddition] | list[ReportedProblem],
    "feed coverage": CoverageIntake | list[CoverageStatement],
    "feed draft": FeedDraft,
    "feed deliveries": list[DeliveryStatus],
    "feed history": tuple[ContractChange, ...],
    "feed list": list[DescribedFeed],
    "feed listen": TopicIntake,
    "feed pickup": Pickup,
    "feed pull": FeedPull,
    "feed quarantine": list[BrokenCell] | CopiedRows | Closing,
    "feed show": DescribedFeed,
    "feed try": FileTrial,
    "forecast": Forecast,
    "holds list": tuple[HoldSummary, ...],
    "holds reject": DecidedHold,
    "holds release": DecidedHold,
    "holds show": HoldInWords,
    "identity list": list[CorrectionInForce],
    "identity merge": Correction,
    "identity split": Correction,
    "init": NewWorkspace,
    "ingest": Ingest | IngestTrial,
    "kafka dead-letters": list[RefusedMessage],
    "kafka down": StoppedCluster,
    "kafka join": NetworkMember,
    "kafka key": NetworkKeyFile,
    "kafka shards": list[PlacedShard],
    "kafka status": ClusterStatus,
    "kafka up": StartedCluster,
    "policy check": list[ReportedProblem],
    "policy diff": ComparisonInWords,
    "policy history": list[PolicyEvent],
    "policy list": list[ListedPolicy],
    "policy needs": PolicyNeeds,
    "policy preview": PreviewInWords,
    "policy publish": Publication,
    "policy show": PolicyInWords,
    "policy test": list[CaseRun],
    "policy withdraw": PolicyWithdrawal,
    "snapshot create": CreatedSnapshot,
    "snapshot diff": SnapshotComparison,
    "snapshot list": list[SnapshotFile],
    "snapshot verify": list[CheckedSnapshot],
    "tick": DayMove,
    "unit add": AddedUnit,
    "unit list": list[ListedUnit],
    "upgrade": UpgradedWorkspace,
}


def schemas() -> dict[str, str]:
    """The files of docs/schemas by name, each with its text."""
    documents = {verb: schema(kind, f"huimin {verb} --json") for verb, kind in RESULTS.items()}
    return {
        f"{verb.replace(' ', '-')}.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n" for verb, document in documents.items()
    }


if __name__ == "__main__":
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
