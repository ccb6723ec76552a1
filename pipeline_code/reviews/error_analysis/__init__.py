"""Error analysis: tags of texts, and a table that says where work on errors would pay."""

from pipeline_code.reviews.error_analysis.avoidable import avoidable
from pipeline_code.reviews.error_analysis.table import error_table
from pipeline_code.reviews.error_analysis.tags import AUTOMATIC, automatic_tags

__all__ = ["AUTOMATIC", "automatic_tags", "avoidable", "error_table"]
