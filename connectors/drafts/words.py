"""Words that cells of offices' tables often hold: values of categories with a code each, yes and no, and what may be a person's name.

Called by ``connectors.drafts.columns``. A category's values go into a contract, so a text that may be a name never counts as one.
"""

from __future__ import annotations

import re

# a code, its English title, and the texts that mean it; the texts of one code may stand side by side in one column
_VALUES: tuple[tuple[str, str, str], ...] = (
    ("male", "male", "男 男性"), ("female", "female", "女 女性"),
    ("active", "active", "正常 在保 有效 在册 享受中 参保缴费"), ("suspended", "suspended", "暂停 中断 停发 暂停缴费 暂停参保"),
    ("ended", "ended", "终止 注销 停保 失效 已终止 已注销 终止参保"),
    ("employee", "employee", "职工 城镇职工"), ("resident", "resident", "居民 城乡居民"), ("rural", "rural", "新农合 农村"),
    ("married", "married", "已婚 有配偶"), ("single", "single", "未婚"), ("divorced", "divorced", "离异 离婚"), ("widowed", "widowed", "丧偶"),
    ("han", "Han", "汉 汉族"), ("hui", "Hui", "回 回族"), ("manchu", "Manchu", "满 满族"), ("zhuang", "Zhuang", "壮 壮族"), ("uyghur", "Uyghur", "维吾尔族"),
    ("illiterate", "illiterate", "文盲"), ("primary", "primary school", "小学"), ("junior", "junior high school", "初中"),
    ("senior", "senior high school", "高中 中专 高中/中专"), ("college", "college", "大专 专科"), ("bachelor", "bachelor", "本科 大学本科 大学"), ("graduate", "graduate", "研究生 硕士 博士"),
    ("head", "head", "户主 本人"), ("spouse", "spouse", "配偶 妻 夫"), ("child", "child", "子女 子 女儿 儿子"), ("parent", "parent", "父母 父亲 母亲 父 母"), ("other_kin", "other kin", "其他亲属"), ("unrelated", "unrelated", "非亲属"),
    ("level_1", "level 1", "一级 1级"), ("level_2", "level 2", "二级 2级"), ("level_3", "level 3", "三级 3级"), ("level_4", "level 4", "四级 4级"), ("level_5", "level 5", "五级 5级"), ("level_6", "level 6", "六级 6级"),
    ("passed", "passed", "通过 合格 审核通过 同意"), ("refused", "refused", "不通过 不合格 未通过 审核不通过 不同意"), ("pending", "pending", "待审核 审核中 办理中 待办"),
    ("paid", "paid", "已发放 已缴费 已支付"), ("unpaid", "unpaid", "未发放 未缴费 未支付"),
    ("good", "good", "良好 优 好"), ("fair", "fair", "一般 中"), ("poor", "poor", "差 较差"),
    ("local", "local", "本市 本地 户籍 常住"), ("nonlocal", "from elsewhere", "外地 非本市 流动 非户籍"), ("agricultural", "agricultural", "农业 农业户口"), ("non_agricultural", "not agricultural", "非农业 非农业户口 非农"),
    ("vision", "vision", "视力"), ("hearing", "hearing", "听力"), ("speech", "speech", "言语"), ("limb", "limb", "肢体"), ("intellect", "intellect", "智力"), ("mental", "mental", "精神"), ("multiple", "multiple", "多重"),
    ("full", "full", "全额"), ("half", "half", "半额"), ("other", "other", "其他 其它"), ("none", "none", "无"), ("unknown", "unknown", "不详 未知"),
)  # fmt: skip
VALUE_CODES = {text: (code, en) for code, en, texts in _VALUES for text in texts.split()}
YES_NO = ({"是", "有", "y", "yes", "true", "1", "√", "已"}, {"否", "无", "没有", "n", "no", "false", "0", "×", "未"})
"""The texts that say yes, and those that say no, in small letters."""
EMPTY_WORDS = ("无", "-", "--", "—", "——", "/", "\\", "不详", "未知", "空", "null", "NULL", "N/A", "n/a", "暂无", "待定", "未填", "缺")
"""Words that stand for an empty cell in a column of numbers, days or divisions."""
OPEN_WORDS = (
    "长期",
    "长期有效",
    "至今",
    "永久",
    "无期限",
    "9999-12-31",
    "99991231",
    "2099-12-31",
    "20991231",
    "9999/12/31",
    "9999年12月31日",
)
"""Words that mean "for ever" in the last column of a validity."""
FOOTERS = (
    "合计",
    "总计",
    "小计",
    "共计",
    "累计",
    "本页",
    "制表",
    "填表",
    "审核人",
    "审核：",
    "复核",
    "负责人",
    "单位负责人",
    "打印",
    "导出",
    "备注：",
    "注：",
    "注:",
    "说明：",
    "说明:",
    "填报",
    "以下无",
    "以下空白",
    "经办人：",
)
"""First words of rows below the data."""

_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦"
    "江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文施洪严温华陶翟葛殷辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包"
    "司柏宁柯阮桂闵解强柴阿买古艾木依吐肖章梅宫柳岳申尚佟连齐庞樊殷倪兰焦巴鲁季付伍池向晏俞闫"
)
_COMPOUND = re.compile(r"^(欧阳|上官|司马|诸葛|慕容|令狐|皇甫|东方|尉迟|公孙|司徒|夏侯|轩辕|长孙|宇文|端木|南宫|百里|呼延|闻人|夏侯)")
_HAN = re.compile(r"[\u3400-\u9fff]{2,4}|[\u3400-\u9fff]{1,10}·[\u3400-\u9fff·]{1,20}")
_LATIN_NAME = re.compile(r"[A-Z][a-z]+([ '-][A-Z][a-z]+)+")
_DIGITS = re.compile(r"\d")


def may_be_name(text: str) -> bool:
    """Whether a text may be the name of a person: a surname and one or two characters, or a name of two words.

    Example:
        >>> may_be_name("王芳"), may_be_name("高中"), may_be_name("欧阳修"), may_be_name("低保对象")
        (True, False, True, False)
    """
    if text in VALUE_CODES:
        return False
    if _LATIN_NAME.fullmatch(text) or "·" in text:
        return True
    if not _HAN.fullmatch(text):
        return False
    return bool(_COMPOUND.match(text)) or (len(text) <= 3 and text[0] in _SURNAMES)


def may_be_number(text: str) -> bool:
    """Whether a text may be somebody's number: five digits or more."""
    return len(_DIGITS.findall(text)) >= 5
