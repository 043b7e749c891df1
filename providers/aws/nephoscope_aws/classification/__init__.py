"""Which kind of access every operation of the SDK is: reviewed tables first, public action data second, the unknown refused."""

from nephoscope_aws.classification.judging import Judgement, judge
from nephoscope_aws.classification.table import ServiceTable, reviewed_services, service_table

__all__ = ["Judgement", "ServiceTable", "judge", "reviewed_services", "service_table"]
