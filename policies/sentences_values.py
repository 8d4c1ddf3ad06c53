"""The rest of the table of problems: types, units, values, parameters, ranges and contradictions.

The one idea: as in ``policies.sentences``; together they are ``POLICY``, the codes a policy document can have.
"""

from __future__ import annotations

from policies.problems import Sentences
from policies.sentences import HEAD, NAMES, STRUCTURE

TYPES: Sentences = {
    "op-type": ("error", "{field} 是{type}字段，不能用 {op} 比较。可用：{choices}。",
                "{field} is a field of type {type}; {op} does not apply. Use one of: {choices}."),
    "literal-type": ("error", "{given} 不能与 {field} 比较，应为{expected}。请改正{mend}。",
                     "{given} cannot be compared with {field}; {expected} was expected. Mend it{mend}."),
    "enum-unknown": ("error", "{field} 没有取值 {word}。{meant}可用：{choices}。",
                     "{field} has no value {word}.{meant} It may be: {choices}."),
    "list-expected": ("error", "{op} 后面应为列表，如 [甲, 乙]。只有一个值时请用 {other}。",
                      "A list such as [a, b] was expected after {op}. For one value use {other}."),
    "list-unexpected": ("error", "{op} 后面只能有一个值，这里是列表。多个值请用 in 或 not_in。",
                        "Only one value may follow {op}; here is a list. For several values use in or not_in."),
    "value-repeated": ("warning", "列表中 {given} 写了两次。请删去一次。",
                       "{given} stands twice in the list. Drop one."),
    "date-field": ("error", "{field} 是{type}字段；{form} 需要日期字段。请换一个字段，或改用 field。",
                   "{field} is of type {type}; {form} needs a date field. Name another field, or use field."),
    "date-tests": ("error", "date_of 之后须恰有 within_last、at_least_ago、before、after 中的一个，这里有 {count} 个。请保留一个。",
                   "Exactly one of within_last, at_least_ago, before, after belongs to date_of; here are {count}. Keep one."),
    "sum-field": ("error", "{field} 是{type}字段，不能求和。请用整数或小数字段。",
                  "{field} is of type {type} and cannot be added up. Use a whole-number or decimal field."),
    "divisor-field": ("error", "{field} 不能用作{form}：须为声明了 min 与 max 且不超过 9999 的整数字段{also}。请换字段，或在数据源约定中补上范围。",
                      ("{field} cannot be used for {form}: it must be a whole-number field with declared min and max of at most 9999{also}. "
                      "Use another field, or declare its range in the feed contract.")),
    "unit-mismatch": ("error", "单位不符：参数 {param} 为 {unit}，此处比较的是 {expected}。请换算，或改正 unit。",
                      "Units differ: the parameter {param} is in {unit}, what it is compared with in {expected}. Convert it, or mend unit."),
    "unit-missing": ("warning", "参数 {param} 没有写 unit，此处比较的是 {expected}。请补上 unit。",
                     "The parameter {param} has no unit; it is compared with {expected}. Add the unit."),
    "times-invalid": ("error", "times 为 {given}，应为大于零的小数或分数文字，如 \"1.5\"、\"1/3\"。请改正。",
                      "times is {given}; decimal or fraction text above zero was expected, such as \"1.5\" or \"1/3\". Mend it."),
    "times-type": ("error", "times 只能乘数值，参数 {param} 不是数值。请去掉 times。",
                   "times multiplies numbers only, and the parameter {param} holds none. Drop times."),
}  # fmt: skip

PARAMETERS: Sentences = {
    "param-entry": ("error", "参数的每一项须恰有 value 或 table 之一，且各项一致。请改正。",
                    "Each entry of a parameter holds either value or table, and all the same one. Mend it."),
    "param-value": ("error", "{given} 不能作参数值。应为数值、日期或文字，且各项同类。请改正。",
                    "{given} cannot be a parameter's value. A number, a date or text was expected, and the same kind in every entry. Mend it."),
    "param-repeated": ("error", "参数 {param} 有两项都从 {start} 起。请只留一项。",
                       "The parameter {param} has two entries from {start}. Keep one."),
    "param-gap": ("error", "参数 {param} 最早从 {first} 起，而政策自 {start} 生效，其间没有值。请补上一项 from 不晚于 {start} 的值。",
                  ("The parameter {param} begins on {first} but the policy on {start}; the days between have no value. Add an "
                   "entry from {start} or before.")),
    "table-needs-by": ("error", "参数 {param} 是一张表。请写 by: 字段，说明按什么查表。",
                       "The parameter {param} is a table. Add by: with the field to read it by."),
    "by-needs-table": ("error", "参数 {param} 不是表，不能用 by。请去掉 by，或把参数写成 table。",
                       "The parameter {param} is no table, so by does not apply. Drop by, or write the parameter as a table."),
    "table-by-differs": ("error", "参数 {param} 的表一处按代码查，另一处按整数查。请拆成两个参数。",
                         "The table of {param} is read by code in one place and by whole number in another. Split it in two."),
    "table-key": ("error", "表中的键 {word} 不是 {field} 的取值。{meant}应为：{choices}。请改正。",
                  "The table's key {word} is no value of {field}.{meant} Expected: {choices}. Mend it."),
    "table-overlap": ("error", "表中的键 {word} 与 {other} 重叠。请让每个值只落在一行。",
                      "The table's keys {word} and {other} overlap. Let every value fall on one line."),
    "table-gap": ("warning", "自 {start} 起的表没有覆盖 {field} 的 {missing}；遇到时判定为未知。请补上。",
                  "The table from {start} does not cover {missing} of {field}; there the verdict will be unknown. Add them."),
    "age-range": ("error", "年龄 {given} 不在 0 至 150 周岁之间，条件恒真或恒假。请改正。",
                  "The age {given} is not between 0 and 150, so the criterion is always true or always false. Mend it."),
    "range-never": ("error", "{field} 在 {low} 与 {high} 之间，{op} {given} 永远不成立。请改正数值。",
                    "{field} lies between {low} and {high}: {op} {given} is never true. Mend the value."),
    "range-always": ("error", "{field} 在 {low} 与 {high} 之间，{op} {given} 永远成立。请改正数值，或删去条件。",
                     "{field} lies between {low} and {high}: {op} {given} is always true. Mend the value, or drop the criterion."),
    "range-bound": ("warning", "{field} 在 {low} 与 {high} 之间，{op} {given} 永远成立，不起作用。请核对。",
                    "{field} lies between {low} and {high}: {op} {given} is always true and has no effect. Look again."),
    "all-of-none": ("warning", "没有任何记录时，all 在覆盖声明之下为真。如果是指“有，且全部……”，请再加一个 some。",
                    "Over no record at all, all is true under coverage. If you mean \"has some, and all ...\", add a some beside it."),
    "contradiction": ("error", "没有人能同时满足：{first} 与 {second}(第 {line} 行)。请改正其中之一。",
                      "Nobody can meet both {first} and {second} (line {line}). Mend one of them."),
    "scope-contradiction": ("error", "{first} 要求区划 {given}，而政策范围是 {scope}，名单上不会有人。请改正其中之一。",
                            "{first} asks for division {given}, but the policy's scope is {scope}: nobody could be listed. Mend one of them."),
}  # fmt: skip

POLICY: Sentences = {**STRUCTURE, **HEAD, **NAMES, **TYPES, **PARAMETERS}
