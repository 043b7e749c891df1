"""What stands beside the commands of a fix: the same as Terraform, and where AWS tells of it."""

from nephoscope_aws.advising.documentation import documented
from nephoscope_aws.advising.terraform import terraform

__all__ = ["documented", "terraform"]
