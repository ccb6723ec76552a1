"""Experiments, trials and trial components: their metrics, and the jobs that belong to them."""

from local_cloud.sagemaker.experiments import associations as associations
from local_cloud.sagemaker.experiments import components as components
from local_cloud.sagemaker.experiments import metrics as metrics
from local_cloud.sagemaker.experiments import trials as trials
from local_cloud.sagemaker.experiments.config import check_config as check_config
