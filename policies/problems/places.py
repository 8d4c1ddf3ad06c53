"""A place in a document as people say it.

``policies.problems.problems`` calls it for whoever reads Chinese; in English the path itself stands.
"""

from __future__ import annotations

import re

KEYS = dict(
    pair.split(":")
    for pair in [
        "criteria:条件",
        "definitions:定义",
        "params:参数",
        "evidence:证据",
        "scope:范围",
        "effective:生效期",
        "discloses:披露",
        "bounds:界限",
        "title:标题",
        "source:来源文件",
        "agency:执行机构",
        "purpose:用途",
        "policy:政策代号",
        "version:版本",
        "format:格式",
        "direction:方向",
        "subject:对象",
        "division:区划",
        "max_age:时效",
        "unit:单位",
        "cite:出处",
        "label:名称",
        "values:各项",
        "value:值",
        "table:表",
        "from:首日",
        "to:末日",
        "all:全部",
        "any:任一",
        "none:均不",
        "rule:规则",
        "unless:除外",
        "use:引用",
        "check:核对",
        "field:字段",
        "age_of:年龄",
        "date_of:日期",
        "op:比较方式",
        "as_of:计算日期",
        "within_last:最近",
        "at_least_ago:至少以前",
        "before:早于",
        "after:晚于",
        "quantifier:量词",
        "over:集合",
        "where:逐条",
        "absence:缺失的读法",
        "sum_of:求和",
        "per:人均",
        "param:参数",
        "times:倍数",
        "by:查表字段",
        "id:代号",
        "cases:案例",
        "case:案例",
        "given:已知",
        "expect:预期",
        "persons:个人",
        "households:家庭",
        "dwellings:住房",
        "coverage:覆盖声明",
        "answers:核对结果",
        "units:单位",
        "fields:字段",
        "links:关系",
        "sources:来源",
        "agreement:协议",
        "delivery:交付",
        "identify:对象标识",
        "validity:有效期",
        "type:类型",
        "min:最小值",
        "max:最大值",
        "zh:中文",
        "en:英文",
        "document:文件",
        "issuer:发布单位",
        "published:发布日期",
        "url:网址",
        "note:说明",
        "key:记录号",
        "order:次序",
        "feed:数据源",
        "cardinality:条数",
        "registers:登记",
        "contact:联系方式",
        "kind:类别",
        "holds:掌握",
    ]
)
"""What each key of a document is called. Names that an author gave (parameters, feeds, subjects of cases) stay as they are."""
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def chinese(path: str) -> str:
    """A path in Chinese, its positions counted from one.

    Example:
        >>> chinese("criteria.all[2].label"), chinese("params.dibao.values[0]")
        ('条件 › 全部 › 第 3 项 › 名称', '参数 › dibao › 各项 › 第 1 项')
    """
    parts = (f"第 {int(position) + 1} 项" if position else KEYS.get(key, key) for position, key in _PART.findall(path))
    return " › ".join(parts)
