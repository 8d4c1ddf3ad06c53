"""Every problem of a policy document, as a table: code, severity, the sentence in Chinese and in English.

A sentence says what happened, what was expected, and how to mend it; the code never changes its meaning. The tests hold one bad document for
each code, and fail when one is missing. ``{meant}`` is the "did you mean", empty where nothing is near.
"""

from __future__ import annotations

from policies.problems.problems import Sentences

DOCUMENT: Sentences = {
    "yaml-syntax": ("error", "从这里起读不下去了，原因不明。请检查这一行和上一行的缩进、冒号、引号和括号。",
                    "From here on this cannot be read, for no reason known. Check indentation, colons, quotes and brackets of this line and the one above."),
    "yaml-character": ("error", "这里有 YAML 不允许的字符：{char}。请删去它；需要换行时按回车键。",
                       "Here stands a character YAML does not allow: {char}. Delete it; where a new line is meant, press Enter."),
    "document-empty": ("error", "文件是空的。应为一个 YAML 映射，以 format: 1 开头。",
                       "The document is empty. A YAML map was expected, beginning with format: 1."),
    "several-documents": ("error", "一个文件里有多个 YAML 文档(---)。请每个文件只写一个。",
                          "The file holds several YAML documents (---). Write one a file."),
    "too-large": ("error", "文件有 {size} 个字符，上限为 {limit}。请拆分文件。",
                  "The file has {size} characters, the limit is {limit}. Split it."),
    "too-deep": ("error", "嵌套超过 {limit} 层。请用 definitions 把内层条件提出来命名。",
                 "This is nested deeper than {limit} levels. Take the inner criteria out and name them under definitions."),
    "alias-refused": ("error", "不允许使用 YAML 锚点或别名({name})。如果“{name}”是文字，请给整个值加英文双引号；要重复使用条件，请用 definitions 与 use。",
                      "YAML anchors and aliases ({name}) are refused. If {name} is text, put the whole value in double quotes; to repeat a criterion, use definitions and use:."),
    "tag-refused": ("error", "不允许使用 YAML 标签 {tag}。以“!”开头的值请加英文双引号，否则去掉标签，只写值。",
                    "The YAML tag {tag} is refused. Put a value that begins with ! in double quotes; else drop the tag and write the plain value."),
    "key-composite": ("error", "键必须是一个词。请不要用列表或映射作键。",
                      "A key must be one word. Do not use a list or a map as a key."),
    "key-duplicate": ("error", "键 {key} 在第 {line} 行已经写过。每个键只能出现一次，请删去或合并。",
                      "The key {key} was already given on line {line}. A key may come once: drop or merge one."),
    "date-impossible": ("error", "{date} 不是日历上的日子。请写存在的日期，如 2026-02-28。",
                        "{date} is no day of the calendar. Write one that exists, such as 2026-02-28."),
}  # fmt: skip

STRUCTURE: Sentences = {
    "map-expected": ("error", "这里是 {given}，应为映射，键为：{keys}。请改写成映射。",
                     "Here stands {given}; a map was expected, with the keys {keys}. Write it as a map."),
    "key-unknown": ("error", "不认识的键 {word}。{meant}可用的键：{choices}。不认识的内容不会被忽略，请改正或删除{comma}。",
                    "The key {word} is not known.{meant} Known here: {choices}. Nothing is skipped: mend or delete it{comma}."),
    "key-missing": ("error", "缺少 {key}。应为：{expected}。请补上。",
                    "{key} is missing. Expected: {expected}. Add it."),
    "word-unknown": ("error", "不认识的词 {word}。{meant}应为其中之一：{choices}。请改正。",
                     "The word {word} is not known here.{meant} Expected one of: {choices}. Mend it."),
    "value-invalid": ("error", "{given} 不合要求。应为：{expected}。请改正。",
                      "{given} does not fit. Expected: {expected}. Mend it."),
    "form-missing": ("error", "看不出这是哪种条件。{meant}条件须恰有一个：{choices}。请补上或改正。",
                     "This is no known kind of criterion.{meant} Exactly one of these keys was expected: {choices}. Add or mend it."),
    "form-several": ("error", "一个条件里同时有 {found}。只能有其中一个，请拆成 all 或 any 下的多个条件。",
                     "One criterion holds {found} at once. Only one may stand here: split it into several under all or any."),
    "too-many-nodes": ("error", "从这里起超出了一项政策的条件数：展开 definitions 后最多 {limit} 个。请少重复引用，同一字段的多个值写成一个 in，或拆成几项政策。",
                       ("From here on there are more criteria than one policy may have: {limit}, with definitions written out. Refer to "
                        "definitions less often, write several values of one field as one in, or split the policy.")),
    "too-many-levels": ("error", "展开 definitions 后，这里的条件嵌套超过 {limit} 层。请把 all、any 并到上一层，或少层层引用。",
                        ("With definitions written out this criterion is nested deeper than {limit} levels. Join nested all and any with those "
                         "above them, or use fewer definitions within definitions.")),
}  # fmt: skip

HEAD: Sentences = {
    "unit-unknown": ("error", "网络中没有单位 {word}。{meant}请写单位目录中的代号，或先登记该单位。",
                     "The network has no unit {word}.{meant} Write an id of the unit directory, or enter the unit first."),
    "division-invalid": ("error", "{given} 不是区划代码。应为加引号的 2、4、6、9 或 12 位数字，如 \"310107\"；前两位是省级代码，不能是 00，没有代表全国的代码。",
                         ("{given} is no division code. Expected 2, 4, 6, 9 or 12 digits in quotes, such as \"310107\"; they begin with a province, "
                          "never with 00, and there is no code for the whole country.")),
    "effective-order": ("error", "最后一天 {to} 早于第一天 {start}。请改正生效期。",
                        "The last day {to} comes before the first, {start}. Mend the days in force."),
    "apply-by-outside": ("error", "申请截止日 {day} 不在生效期内（{start} 至 {end}）。请改正 apply_by 或 effective。",
                         "Applications close on {day}, outside the days in force ({start} to {end}). Mend apply_by or effective."),
    "purpose-not-agreed": ("error", "数据源 {feed} 的协议不许可目的 {purpose}，只许可：{agreed}。请改用途、去掉对它的读取，或与 {unit} 商定协议。",
                           ("The agreement of feed {feed} does not cover the purpose {purpose}, only {agreed}. Change the purpose, do not read "
                           "the feed, or settle an agreement with {unit}.")),
    "disclosure-not-agreed": ("error", "协议不许可披露 {feed}.{field}，只许可：{agreed}。请从 discloses 删去，或与 {unit} 商定协议。",
                              ("The agreement does not let {feed}.{field} be disclosed, only {agreed}. Take it out of discloses, or settle an "
                               "agreement with {unit}.")),
    "disclosure-repeated": ("error", "{field} 在 discloses 中写了两次。请删去一次。",
                            "{field} stands twice in discloses. Drop one."),
    "people-only-named": ("error", "{field} 不是标识字段。家庭、住房中的人员只能列出标识字段，如姓名、电话。请删去。",
                          "{field} is no identity field. Of the people of a household or dwelling only those are shown, such as the name. Drop it."),
    "agreement-over": ("error", "数据源 {feed} 的协议到 {until} 为止，早于政策生效的 {start}。请先与 {unit} 续签。",
                       "The agreement of feed {feed} ends on {until}, before the policy begins on {start}. Renew it with {unit} first."),
    "agreement-ends": ("warning", "数据源 {feed} 的协议到 {until} 为止，早于政策的最后一天({to})；届时名单上依赖它的对象会移出。请安排与 {unit} 续签。",
                       ("The agreement of feed {feed} ends on {until}, before the policy does ({to}); whoever depends on it then "
                        "leaves the list. Plan its renewal with {unit}.")),
    "evidence-missing": ("error", "这里以数据源 {feed} 中没有记录为证，但 evidence 没有列出它。请在 evidence 写明 {feed}: {{max_age: P30D}} 之类的时效{way}。",
                         ("Absence in feed {feed} counts as proof here, but evidence does not name it. Add {feed}: {{max_age: P30D}} or "
                          "the like to evidence{way}.")),
    "evidence-unused": ("warning", "evidence 列了 {feed}，但没有条件以它的缺失为证。请删去，或检查条件是否写漏。",
                        "evidence names {feed}, but no criterion rests on its absence. Drop it, or look for a criterion left out."),
}  # fmt: skip

NAMES: Sentences = {
    "feed-unknown": ("error", "没有数据源 {word}。{meant}可用：{choices}。",
                     "There is no feed {word}.{meant} Available: {choices}. Write one of them."),
    "field-unknown": ("error", "读不到字段 {word}。{meant}此处应为{kind}的字段，可用：{choices}。",
                      "The field {word} cannot be read.{meant} A field of a {kind} was expected here: {choices}."),
    "name-ambiguous": ("error", "字段名 {word} 不唯一：{choices}。请写全 数据源.字段。",
                       "The field name {word} is ambiguous: {choices}. Write feed.field in full."),
    "feed-many": ("error", "{feed} 对一个{kind}可有多条记录，不能直接读 {word}。请用 quantifier 或 sum_of，over: {feed}。",
                  "{feed} may hold many records of a {kind}, so {word} cannot be read directly. Use a quantifier or sum_of with over: {feed}."),
    "feed-other-kind": ("error", "{feed} 是关于{other}的，此处的对象是{kind}。请经由关系到达它{way}。",
                        "{feed} is about a {other}; here the subject is a {kind}. Reach it through a link{way}."),
    "link-to-many": ("error", "{link} 没有唯一的对方：一个{kind}可有多条记录。请改用 quantifier，over: {feed}。",
                     "{link} leads to no single one: a {kind} may have many such records. Quantify over: {feed} instead."),
    "link-undefined": ("error", "没有数据源定义关系 {link}。请先登记定义它的数据源。",
                       "No feed defines the link {link}. Enter the feed that does first."),
    "path-of-set": ("error", "{word} 是一组对象或记录，不能当作一个字段读。请用 quantifier 或 sum_of，over: {set}。",
                    "{word} is a set, and cannot be read as one field. Use a quantifier or sum_of with over: {set}."),
    "path-unknown": ("error", "看不懂路径 {word} 中的 {part}。{meant}此处可用：{choices}。",
                     "{part} in the path {word} is not known.{meant} Available here: {choices}."),
    "path-single": ("error", "路径 {word} 只到一个{target}，不是一组记录。请再写上其数据源，如 {example}，或直接用 field。",
                    "The path {word} ends at one {target}, not at a set. Go on to one of its feeds, such as {example}, or use field."),
    "path-after-records": ("error", "{feed} 的记录之后不能再接 {part}。请在 where 里继续，或从对象本身出发。",
                           "{part} cannot follow the records of {feed}. Go on inside where, or start from the subject itself."),
    "identity-criterion": ("error", "{word} 能识别个人，不得作为条件。请改用其他字段；它只可列入 discloses。",
                           "{word} identifies a person and is never a criterion. Use another field; it may only be disclosed."),
    "definition-unknown": ("error", "definitions 中没有 {word}。{meant}请改正名称或补上定义。",
                           "definitions has no {word}.{meant} Mend the name or add the definition."),
    "definition-recursive": ("error", "定义循环引用自身：{chain}。请断开其中一处 use。",
                             "The definition refers to itself: {chain}. Break one use of the chain."),
    "definition-unused": ("warning", "定义 {word} 没有被引用，也未经检查。请删去，或用 use 引用。",
                          "The definition {word} is used nowhere, and was not checked. Drop it, or refer to it with use."),
    "definition-id": ("warning", "定义本身的 id {word} 不起作用：条件代号取 use 旁的 id，否则取定义名 {name}。请删去。",
                      "The id {word} in a definition has no effect: the id beside use counts, else the definition's name {name}. Drop it."),
    "param-unknown": ("error", "params 中没有 {word}。{meant}请改正名称或补上参数。",
                      "params has no {word}.{meant} Mend the name or add the parameter."),
    "param-unused": ("warning", "参数 {word} 没有被使用。请删去，或检查条件是否写漏。",
                     "The parameter {word} is used nowhere. Drop it, or look for a criterion left out."),
    "check-inside-where": ("error", "where 里不能有人工核对(check)：无法逐条记录回答。请移到 where 之外。",
                           "A check cannot stand inside where: nobody answers it record by record. Move it out of where."),
    "check-conflict": ("error", "代号 {id} 已用于另一个文字不同的核对事项(第 {line} 行)。请改一个 id。",
                       "The id {id} already names a check with another text (line {line}). Give one of them another id."),
    "id-repeated": ("warning", "条件代号 {id} 在第 {line} 行已用于另一个条件，判定理由将无法区分。请改一个 id。",
                    "The id {id} already names another criterion (line {line}); reasons could not tell them apart. Change one."),
}  # fmt: skip
