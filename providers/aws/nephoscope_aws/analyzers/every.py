"""Every analyzer of this pack, in the order in which they are asked."""

from nephoscope_aws.analyzers.access import AccessAnalyzer
from nephoscope_aws.analyzers.complaining import LoggedErrorsAnalyzer
from nephoscope_aws.analyzers.event_delivery import EventDelivery
from nephoscope_aws.analyzers.implied import ImpliedPermissionsAnalyzer
from nephoscope_aws.analyzers.names import NamesAnalyzer
from nephoscope_aws.analyzers.own_name import OwnNameAnalyzer
from nephoscope_aws.analyzers.reachability import ReachabilityAnalyzer
from nephoscope_aws.analyzers.settings import SettingsAnalyzer
from nephoscope_aws.analyzers.walk import WalkAnalyzer

ANALYZERS = (
    AccessAnalyzer,
    EventDelivery,
    ReachabilityAnalyzer,
    NamesAnalyzer,
    SettingsAnalyzer,
    OwnNameAnalyzer,
    LoggedErrorsAnalyzer,
    ImpliedPermissionsAnalyzer,
    WalkAnalyzer,
)
