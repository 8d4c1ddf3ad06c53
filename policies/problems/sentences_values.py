"""The rest of the table of problems: types, units, values, parameters, ranges and contradictions.

See ``policies.problems.sentences``. ``POLICY`` holds every code that a policy document can have.
"""

from __future__ import annotations

from policies.problems.problems import Sentences
from policies.problems.sentences import HEAD, NAMES, STRUCTURE

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
    "entries-many": ("error", "参数 {param} 有 {count} 个按日期列出的值，上限为 {limit}。请删去政策生效以前的值。",
                     "The parameter {param} has {count} dated values, the limit is {limit}. Drop those from before the policy is in force."),
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
    "list-long": ("error", "列表有 {count} 个值，上限为 {limit}。请改用 within、区间(ge、le)，或由数据源增设一个归类字段。",
                  ("The list has {count} values, the limit is {limit}. Use within, a range (ge, le), or have the feed carry a field that "
                   "puts them in classes.")),
    "sum-size": ("error", "{given} 太大或太细，无法与合计精确比较：须小于 {limit}，乘以倍数后的分母也不得过大。请改正数值、单位或 times。",
                 ("{given} is too large or too fine to be compared with a sum exactly: it must be below {limit}, and its denominator, times "
                  "included, small. Mend the value, its unit, or times.")),
    "tables-large": ("error", "各处查表合计要展开 {rows} 行以上，上限为 {limit}。请减少不同的查表比较，或在数据源约定中收窄 by 字段的 min、max。",
                     ("The tables that are read take {rows} rows or more, the limit is {limit}. Compare with tables in fewer places, or narrow min "
                      "and max of the field given as by in the feed contract.")),
    "rule-too-costly": ("error", "判定一个对象约需 {work} 次比较，上限为 {limit}；其中这一条约 {share} 次。请减少 where 里的条件和一层套一层的集合，或缩短列表。",
                        ("To judge one subject takes some {work} comparisons, the limit is {limit}; this criterion takes some {share} of them. "
                         "Use fewer criteria under where, fewer sets within sets, or shorter lists.")),
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

CAUTIONS: Sentences = {
    "scope-outside": ("warning", "范围 {scope} 不含任何单位，也不在任何单位的区划之内，名单上不会有人。各单位的区划：{choices}。请核对代码。",
                      ("The scope {scope} holds no unit and lies in the division of none, so nobody would be listed. Units are in: {choices}. "
                       "Look at the code again.")),
    "max-age-zero": ("warning", "{feed} 的 max_age 为 P0D：覆盖声明只在当天有效，次日起以“没有”为证的一律待定。请写来源多久声明一次，如 P30D。",
                     ("max_age of {feed} is P0D: a coverage statement counts on its own day only, and a day later whatever rests on absence is "
                      "unknown. Write how often its source states coverage, such as P30D.")),
    "period-zero": ("warning", "{op} 为 P0D，期限为零天。请写实际的期限，如 P24M、P30Y；比较日期请用 before 或 after。",
                    "{op} is P0D, a period of no days. Write the period that is meant, such as P24M or P30Y; for a day use before or after."),
    "amount-unit": ("warning", ("{field}的单位是 {unit}，这里的 {given} 没有写单位，无法核对。请改为参数：在 params 写明 unit: {unit} 和 values，"
                                "此处写 value: {{param: name}}。"),
                    ("{field} is in {unit}; {given} has no unit here, so nobody can check it. Make it a parameter: under params give unit: {unit} and "
                     "values, and write value: {{param: name}} here.")),
    "label-operator": ("warning", "名称里的“{phrase}”意为 {meant}，而条件是 {op}。{way}。（以上、以下、满含本数，超过、不满不含。）",
                       ('"{phrase}" in the label means {meant}, but the criterion is {op}. {way}. ("Or over", "at least" include the bound; '
                        '"over", "under" do not.)')),
    "rule-costly": ("warning", "判定一个对象约需 {work} 次比较(上限 {limit})，其中这一条约 {share} 次；每次记录有变都要重算。请看能否减少 where 里的条件、嵌套的集合或列表的值。",
                    ("To judge one subject takes some {work} comparisons (the limit is {limit}), this criterion some {share} of them, each time a "
                     "record changes. See whether fewer criteria under where, fewer sets within sets, or shorter lists would do.")),
    "sets-nested": ("warning", "这里有 {levels} 层没有上限的集合一层套一层：若每组有 1,000 个成员或住户，判定一个对象要看 {times} 次。请看能否改为只看一层。",
                    ("Here {levels} sets without bound lie within one another: where each has 1,000 members or occupants, judging one subject "
                     "looks at {times}. See whether one set would do.")),
    "optional-feed": ("warning", ("“{feed}”不是登记类数据源，没有记录的对象在此一律待定，会作为“缺证据”列入名单。如果没有记录就是不符合，"
                                  "请写 quantifier: some、over: {name}，把条件放进 where；如果没有记录有确定的值，请在约定的 {field} 写 no_record。"),
                      ("Not everybody need have a record of {feed}: whoever has none stays unknown here, and is listed as lacking evidence. If no record "
                       "means no, write quantifier: some, over: {name}, with the criterion under where; if no record means a value, declare "
                       "no_record for {field} in the contract.")),
}  # fmt: skip

POLICY: Sentences = {**STRUCTURE, **HEAD, **NAMES, **TYPES, **PARAMETERS, **CAUTIONS}
