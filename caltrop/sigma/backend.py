"""pySigma's Splunk backend, held to what our searches have to be: one that begins with the macro of its log source.

Where the backend's own conversion means something else than the rule, it is done here: a regular expression under NOT or OR,
case-sensitive values, an asterisk that is meant, a wildcard for one character, comparisons of two fields, parts of times and
correlations that it leaves out become a field that says whether they hold, which the search then asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from sigma.backends.splunk import SplunkBackend
from sigma.backends.splunk.splunk import SplunkDeferredORRegularExpression
from sigma.conditions import ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaFeatureNotSupportedByBackendError
from sigma.types import SigmaRegularExpression, SigmaString, SpecialChars, TimestampPart

_PARTS = {
    TimestampPart.MINUTE: "%M", TimestampPart.HOUR: "%H", TimestampPart.DAY: "%d", TimestampPart.WEEK: "%V",
    TimestampPart.MONTH: "%m", TimestampPart.YEAR: "%Y",
}  # fmt: skip
_TIMES = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")
_MOMENT = "| bin _time span={timespan}\n| stats "


def _beyond_spl(value: Any) -> bool:
    return isinstance(value, SigmaString) and any(
        part == SpecialChars.WILDCARD_SINGLE if isinstance(part, SpecialChars) else "*" in str(part) for part in value.s
    )


class _Asked(SplunkDeferredORRegularExpression):
    """A field that says whether an eval expression holds."""

    def __init__(self, state: Any, field: str, expression: str) -> None:
        super().__init__(state, field, expression)
        self._said = self.get_field_condition(field)
        self._expression = expression

    def finalize_expression(self) -> str:
        return f'eval {self._said}=if({self._expression}, "true", "false")'


class Backend(SplunkBackend):
    """`place` gives the search that a rule's log source begins with."""

    value_sum_aggregation_expression: ClassVar[dict[str, str]] = {
        "stats": _MOMENT + "sum({field}) as value_sum by _time{groupby}"
    }
    value_avg_aggregation_expression: ClassVar[dict[str, str]] = {
        "stats": _MOMENT + "avg({field}) as value_avg by _time{groupby}"
    }
    value_median_aggregation_expression: ClassVar[dict[str, str]] = {
        "stats": _MOMENT + "median({field}) as value_median by _time{groupby}"
    }
    value_percentile_aggregation_expression: ClassVar[dict[str, str]] = {
        "stats": _MOMENT + "perc{percentile}({field}) as value_percentile by _time{groupby}"
    }
    value_sum_condition_expression: ClassVar[dict[str, str]] = {"stats": "| search value_sum {op} {count}"}
    value_avg_condition_expression: ClassVar[dict[str, str]] = {"stats": "| search value_avg {op} {count}"}
    value_median_condition_expression: ClassVar[dict[str, str]] = {"stats": "| search value_median {op} {count}"}
    value_percentile_condition_expression: ClassVar[dict[str, str]] = {
        "stats": "| search value_percentile {op} {count}"
    }

    def __init__(self, *args: Any, place: Callable[[Any], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._place = place

    # -- the search begins with its log source

    def convert_rule(self, rule: Any, output_format: str | None = None, callback: Any = None) -> list[Any]:
        SplunkDeferredORRegularExpression.reset()  # what a rule that failed left behind
        found: list[Any] = super().convert_rule(rule, output_format, callback)
        return found

    def finish_query(self, rule: Any, query: Any, state: Any) -> Any:
        """The query behind the macro: what is asked later (`| regex`, `| eval`) must not stand before it."""
        text = super().finish_query(rule, query, state)
        place = "" if isinstance(rule, SigmaCorrelationRule) else self._place(rule)
        if not place:
            return text
        if text.startswith("*\n|"):
            text = text[1:]
        return f"{place}{'' if text.startswith(chr(10)) else ' '}{text}"

    def finalize_query_default(self, rule: Any, query: str, index: int, state: Any) -> str:
        """As it is: the table of fields is ours."""
        return query

    # -- conditions

    def _whether(self, condition: Any, state: Any, expression: str) -> Any:
        """Make a field of an eval expression, and ask that."""
        asked = _Asked(state, condition.field, expression)
        said = ConditionFieldEqualsValueExpression(asked._said, SigmaString("true"))
        return super().convert_condition_field_eq_val_str(said, state)

    def decide_convert_condition_as_in_expression(self, cond: Any, state: Any) -> bool:
        """IN takes what `=` takes."""
        if any(_beyond_spl(getattr(part, "value", None)) for part in cond.args):
            return False
        return bool(super().decide_convert_condition_as_in_expression(cond, state))

    def convert_condition_field_eq_val_str(self, cond: Any, state: Any) -> Any:
        """SPL has no way to mean an asterisk, and no wildcard for one character."""
        if not _beyond_spl(cond.value):
            return super().convert_condition_field_eq_val_str(cond, state)
        held = ConditionFieldEqualsValueExpression(
            cond.field, SigmaRegularExpression(f"(?i)^{cond.value.to_regex().regexp}$")
        )
        held.parent = cond.parent
        return self.convert_condition_field_eq_val_re(held, state)

    def convert_condition_field_eq_val_re(self, cond: Any, state: Any) -> Any:
        if cond.parent_condition_chain_contains(ConditionNOT) and not cond.parent_condition_chain_contains(ConditionOR):
            # A regex command takes its negation alone, and NOT may be about more than it.
            held = ConditionFieldEqualsValueExpression(cond.field, cond.value)
            held.parent = ConditionOR([held])
            return super().convert_condition_field_eq_val_re(held, state)
        return super().convert_condition_field_eq_val_re(cond, state)

    def convert_condition_field_eq_val_str_case_sensitive(self, cond: Any, state: Any) -> Any:
        exact = SigmaRegularExpression(f"^{cond.value.to_regex().regexp}$")
        held = ConditionFieldEqualsValueExpression(cond.field, exact)
        held.parent = cond.parent
        return self.convert_condition_field_eq_val_re(held, state)

    def convert_condition_val_re(self, cond: Any, state: Any) -> Any:
        """A pattern for the whole event."""
        held = ConditionFieldEqualsValueExpression("_raw", cond.value)
        held.parent = cond.parent
        return self.convert_condition_field_eq_val_re(held, state)

    def convert_condition_field_eq_field(self, cond: Any, state: Any) -> Any:
        """Two fields, whatever their letters' case."""
        one, other = f"lower('{cond.field}')", f"lower('{cond.value.field}')"
        if cond.value.starts_with and cond.value.ends_with:
            return self._whether(cond, state, f'like({one}, "%".{other}."%")')
        if cond.value.starts_with:
            return self._whether(cond, state, f"substr({one}, 1, len({other}))={other}")
        if cond.value.ends_with:
            return self._whether(cond, state, f"substr({one}, -len({other}))={other}")
        return self._whether(cond, state, f"{one}={other}")

    def convert_condition_field_eq_val_timestamp_part(self, cond: Any, state: Any) -> Any:
        """A part of a time in a field: epoch seconds, or text as ISO 8601 writes it."""
        read = ", ".join([f"tonumber('{cond.field}')", *(f"strptime('{cond.field}', \"{form}\")" for form in _TIMES)])
        part = _PARTS[cond.value.timestamp_part]
        return self._whether(cond, state, f'tonumber(strftime(coalesce({read}), "{part}"))={cond.value.number}')

    # -- correlations

    def convert_correlation_temporal_ordered_rule(
        self, rule: Any, output_format: str | None = None, method: str = "stats"
    ) -> list[str]:
        """The rules in this order within the time span (of its first 100 events a group)."""
        search = self.convert_correlation_search(rule)
        groups = "".join(f" {name}" for name in rule.group_by or [])
        order = ".*".join(rf",{re.escape(str(one.reference))}," for one in rule.rules)
        return [
            f"{search}\n\n| sort 0 _time\n| bin _time span={self.convert_timespan(rule.timespan, 'stats')}\n"
            f"| stats list(event_type) as event_types by _time{groups}\n\n"
            f'| eval event_order=",".mvjoin(event_types, ",,").","\n| regex event_order="{order}"\n| fields - event_order'
        ]

    def convert_correlation_extended_temporal_ordered_rule(
        self, rule: Any, output_format: str | None = None, method: str = "stats"
    ) -> list[str]:
        raise SigmaFeatureNotSupportedByBackendError(
            "an ordered correlation with a condition has no order to hold it to"
        )
