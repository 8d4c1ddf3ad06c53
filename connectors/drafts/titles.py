"""The usual Chinese titles of columns in the tables of offices, each with a name for its field and the part it often plays.

Called by ``connectors.drafts.columns``. Of a column with another title the cells alone are looked at, and its field is named by position.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What a column with a known title is for."""

    RESIDENT = "resident"  # the resident number of the row's subject
    RELATIVE = "relative"  # the resident number of somebody else in the row
    HOUSEHOLD = "household"  # the number of a household
    DWELLING = "dwelling"
    RECORD = "record"  # the number of the record itself
    SERIAL = "serial"  # the place of the row in the sheet
    ORDER = "order"  # when the row was last changed
    FIRST = "first"  # first and last day of validity
    LAST = "last"
    PERSONAL = "personal"  # names, addresses, telephones: tells who somebody is
    BIRTH = "birth"
    QUASI = "quasi"  # tells people apart together with others of its kind
    AMOUNT = "amount"  # money
    DIVISION = "division"
    FLAG = "flag"  # yes or no
    CATEGORY = "category"
    DAY = "day"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class KnownTitle:
    """A usual title: a field's name, its English title, and its part."""

    name: str
    en: str
    part: Part


_TABLE: tuple[tuple[str, str, Part, str], ...] = (
    ("id_number", "resident number", Part.RESIDENT, "身份证号 身份证号码 身份证 公民身份号码 公民身份证号码 居民身份证号 居民身份证号码 身份证件号码 证件号码 证件号 身份号码 id_number idcard"),
    ("head_id_number", "resident number of the head", Part.RELATIVE, "户主身份证号 户主身份证号码 户主证件号码"),
    ("spouse_id_number", "resident number of the spouse", Part.RELATIVE, "配偶身份证号 配偶身份证号码 配偶证件号码"),
    ("guardian_id_number", "resident number of the guardian", Part.RELATIVE, "监护人身份证号 监护人身份证号码 代理人身份证号 申请人身份证号"),
    ("household_no", "household number", Part.HOUSEHOLD, "户号 户编号 家庭编号 家庭号 户籍号 户口簿号 户口本号 household_no"),
    ("property_no", "number of the dwelling", Part.DWELLING, "房屋编号 房屋编码 住房编号 房产证号 产权证号 不动产单元号 不动产权证号 property_no"),
    ("record_no", "record number", Part.RECORD, "编号 记录号 流水号 业务流水号 业务编号 受理编号 受理号 申请编号 档案号 单号 合同号 record_no"),
    ("certificate_no", "certificate number", Part.RECORD, "证号 证书编号 残疾证号 残疾人证号 低保证号 优待证号 certificate_no"),
    ("card_no", "card number", Part.RECORD, "卡号 社保卡号 医保卡号 助餐卡号 敬老卡号 card_no"),
    ("enrolment_no", "enrolment number", Part.RECORD, "参保编号 参保号 个人编号 单位编号 登记号 登记编号 enrolment_no"),
    ("notice_no", "notice number", Part.RECORD, "通知书编号 通知编号 文号 notice_no"),
    ("serial", "serial number", Part.SERIAL, "序号 行号 序列号 no no. serial"),
    ("changed_at", "changed at", Part.ORDER, "更新时间 更新日期 修改时间 修改日期 变更时间 变更日期 操作时间 操作日期 最后更新时间 最后修改时间 入库时间 数据更新时间 changed_at updated_at"),
    ("valid_from", "valid from", Part.FIRST, "起 开始日期 起始日期 开始时间 起始时间 生效日期 生效时间 有效期起 有效期自 有效期开始 起始日 待遇开始日期 valid_from start_date"),
    ("valid_to", "valid to", Part.LAST, "止 结束日期 终止日期 结束时间 终止时间 失效日期 失效时间 到期日期 到期日 截止日期 有效期止 有效期至 有效期结束 待遇终止日期 valid_to end_date"),
    ("name", "name", Part.PERSONAL, "姓名 名字 人员姓名 居民姓名 申请人 申请人姓名 name"),
    ("head_name", "name of the head", Part.PERSONAL, "户主 户主姓名"),
    ("spouse_name", "name of the spouse", Part.PERSONAL, "配偶 配偶姓名"),
    ("guardian_name", "name of the guardian", Part.PERSONAL, "监护人 监护人姓名 代理人 代理人姓名"),
    ("contact_name", "contact", Part.PERSONAL, "联系人 联系人姓名 紧急联系人"),
    ("clerk_name", "clerk", Part.PERSONAL, "经办人 办理人 审核人 登记人 填表人 制表人 负责人 社区民警 网格员 操作员 录入人"),
    ("telephone", "telephone", Part.PERSONAL, "电话 联系电话 手机 手机号 手机号码 电话号码 联系方式 固定电话 telephone phone mobile"),
    ("address", "address", Part.PERSONAL, "地址 住址 家庭住址 家庭地址 居住地址 现住址 现居住地 户籍地址 联系地址 通讯地址 房屋坐落 房屋地址 坐落 address"),
    ("account_no", "account number", Part.PERSONAL, "银行账号 银行卡号 账号 帐号 开户账号 发放账号"),
    ("employer", "employer", Part.PERSONAL, "工作单位 单位名称 就业单位 用人单位"),
    ("note", "note", Part.PERSONAL, "备注 说明 备注说明 情况说明 note remark"),
    ("birth_date", "date of birth", Part.BIRTH, "出生日期 出生年月日 生日 出生年月 birth_date"),
    ("death_date", "date of death", Part.DAY, "死亡日期 去世日期 注销日期"),
    ("sex", "sex", Part.QUASI, "性别 sex gender"),
    ("ethnicity", "ethnicity", Part.QUASI, "民族"),
    ("marital_status", "marital status", Part.QUASI, "婚姻状况 婚姻状态 婚姻"),
    ("education", "education", Part.QUASI, "文化程度 学历 最高学历 受教育程度"),
    ("hukou_kind", "kind of registration", Part.QUASI, "户口性质 户籍类别 户口类别 户籍性质 户口类型"),
    ("age", "age", Part.COUNT, "年龄 周岁"),
    ("household_size", "people in the household", Part.COUNT, "家庭人口 家庭人口数 户人数 人口数 家庭人数 共同生活人数"),
    ("count", "number", Part.COUNT, "数量 人数 次数 月数 天数"),
    ("amount", "amount", Part.AMOUNT, "金额 发放金额 补贴金额 补助金额 缴费金额 费用 实发金额 amount"),
    ("monthly_income", "monthly income", Part.AMOUNT, "月收入 月均收入 人均月收入 家庭月收入 工资 月工资"),
    ("annual_income", "yearly income", Part.AMOUNT, "年收入 家庭年收入 人均年收入"),
    ("area", "floor area", Part.AMOUNT, "面积 建筑面积 居住面积 住房面积"),
    ("division", "street", Part.DIVISION, "区划 区划代码 行政区划 行政区划代码 街镇 街道 街镇代码 街道代码 所在街镇 所属街道 所属街镇 居委 居委会 村居 社区 division"),
    ("status", "status", Part.CATEGORY, "状态 人员状态 参保状态 办理状态 审核状态 发放状态 status"),
    ("kind", "kind", Part.CATEGORY, "种类 类别 类型 人员类别 人员类型 kind type"),
    ("scheme", "scheme", Part.CATEGORY, "险种 险种类型 参保险种"),
    ("grade", "grade", Part.CATEGORY, "等级 级别 残疾等级 护理等级 失能等级 评估等级"),
    ("disability_kind", "kind of disability", Part.CATEGORY, "残疾类别 残疾类型"),
    ("relation", "relation to head", Part.CATEGORY, "与户主关系 关系"),
    ("result", "result", Part.CATEGORY, "结果 审核结果 评估结果 核对结果"),
    ("applied_on", "day of application", Part.DAY, "申请日期 申请时间 受理日期"),
    ("paid_on", "day of payment", Part.DAY, "发放日期 缴费日期 支付日期"),
    ("month", "month", Part.DAY, "月份 年月 发放月份 所属月份 费款所属期"),
    ("is_disabled", "disabled", Part.FLAG, "是否残疾 残疾"),
    ("is_employed", "employed", Part.FLAG, "是否就业"),
    ("is_insured", "insured", Part.FLAG, "是否参保"),
    ("lives_alone", "lives alone", Part.FLAG, "是否独居 独居"),
)  # fmt: skip
KNOWN_TITLES = {title: KnownTitle(name, en, part) for name, en, part, titles in _TABLE for title in titles.split()}

_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
_PERSONAL = re.compile(r"姓名|身份证|证件号|电话|手机|地址|住址|账号|帐号|银行卡|邮箱|微信|联系|签名|签字")
_AMOUNT = re.compile(r"金额|收入|工资|补贴|补助|费用|存款|资产|价格|单价")
_FLAG = re.compile(r"^(是否|有无|是不是)")


def plain_title(title: str) -> str:
    """A title without spaces, brackets and the signs of required columns.

    Example:
        >>> plain_title("＊ 月收入（元）"), plain_title("姓 名：")
        ('月收入', '姓名')
    """
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", title))
    return (_BRACKETS.sub("", text) or text).strip("*:：").lower()


def known_title(title: str) -> KnownTitle | None:
    """The usual title that this is, None where it is none."""
    return KNOWN_TITLES.get(plain_title(title))


def part_of(title: str) -> Part | None:
    """The part that a title says a column plays, by the table or by a word in it."""
    usual, plain = known_title(title), plain_title(title)
    if usual is not None:
        return usual.part
    if _PERSONAL.search(plain):
        return Part.PERSONAL
    if _FLAG.search(plain):
        return Part.FLAG
    return Part.AMOUNT if _AMOUNT.search(plain) or "元)" in unicodedata.normalize("NFKC", title) else None


def field_name(title: str, position: int) -> str:
    """A name for the field of a column, counted from 1: of a usual title or an English one; else by position.

    Example:
        >>> field_name("出生日期", 3), field_name("Changed At", 4), field_name("某项", 5)
        ('birth_date', 'changed_at', 'field_5')
    """
    usual = known_title(title)
    if usual is not None:
        return usual.name
    name = re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKC", title).lower()).strip("_")
    return name if title.isascii() and re.fullmatch(r"[a-z][a-z0-9_]*", name) else f"field_{position}"
