"""Data is encrypted, versioned, reachable over TLS only, and the features outlive their stack."""

import pytest

from tests.unit.infra.synthesis import Assembly, Json, resolve

DATA_BUCKETS = ["Raw", "Artifacts"]
BUCKETS = [*DATA_BUCKETS, "AccessLogs"]
# Kept when the stack is deleted, not when the first deployment fails: a fixed name would be in the way.
KEPT = ("RetainExceptOnCreate", "Retain")
FEATURES = {
    "review_id": "String",
    "event_time": "Fractional",
    "review_body": "String",
    "source": "String",
    "label": "String",
    "label_id": "Integral",
    "input_ids": "String",
    "attention_mask": "String",
    "length": "Integral",
    "split": "String",
    "group_id": "String",
    "split_key": "String",
    "attributes": "String",
    "features_version": "String",
    "record_hash": "String",
}


def bucket(assembly: Assembly, name: str) -> Json:
    return assembly.only("data", "AWS::S3::Bucket", name)


def features(assembly: Assembly) -> Json:
    return assembly.only("data", "AWS::SageMaker::FeatureGroup")


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_are_versioned_and_closed_to_the_public(dev: Assembly, name: str) -> None:
    properties = bucket(dev, name)["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_answer_tls_only(dev: Assembly, name: str) -> None:
    policy = dev.only("data", "AWS::S3::BucketPolicy", name)["Properties"]["PolicyDocument"]
    denials = [one for one in policy["Statement"] if one["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [one["Condition"] for one in denials]
    assert all(one["Action"] == "s3:*" and one["Principal"] == {"AWS": "*"} for one in denials)


@pytest.mark.parametrize("name", DATA_BUCKETS)
def test_data_buckets_use_the_customer_key_and_log_accesses(dev: Assembly, name: str) -> None:
    properties = bucket(dev, name)["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert resolve(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == "<Key>"
    assert resolve(properties["LoggingConfiguration"]["DestinationBucketName"]) == "<AccessLogs>"
    assert properties["LoggingConfiguration"]["LogFilePrefix"] == f"{name.lower()}/"


def test_access_logs_are_encrypted_by_s3_and_expire(dev: Assembly) -> None:
    properties = bucket(dev, "AccessLogs")["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 30


@pytest.mark.parametrize("name", DATA_BUCKETS)
def test_current_objects_never_expire_but_old_versions_do(dev: Assembly, name: str) -> None:
    (rule,) = bucket(dev, name)["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert "ExpirationInDays" not in rule


@pytest.mark.parametrize("name", BUCKETS)
def test_only_dev_buckets_go_with_their_stack(dev: Assembly, prod: Assembly, name: str) -> None:
    assert bucket(dev, name)["DeletionPolicy"] == "Delete"
    assert bucket(prod, name)["DeletionPolicy"] == "Retain"


def test_the_key_rotates_has_an_alias_and_stays(dev: Assembly) -> None:
    key = dev.only("data", "AWS::KMS::Key")
    assert key["Properties"]["EnableKeyRotation"] is True
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == KEPT
    assert dev.only("data", "AWS::KMS::Alias")["Properties"]["AliasName"] == "alias/bertline-dev"


def test_alarms_may_use_the_key_for_this_account_only(dev: Assembly) -> None:
    policy = dev.only("data", "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    (alarms,) = [one for one in policy if "Service" in one["Principal"]]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_feature_group_has_the_features_of_a_review(dev: Assembly) -> None:
    properties = features(dev)["Properties"]
    assert {one["FeatureName"]: one["FeatureType"] for one in properties["FeatureDefinitions"]} == FEATURES
    assert properties["RecordIdentifierFeatureName"] == "review_id"
    assert properties["EventTimeFeatureName"] == "event_time"


def test_both_feature_stores_use_the_customer_key(dev: Assembly) -> None:
    properties = features(dev)["Properties"]
    assert properties["OnlineStoreConfig"]["EnableOnlineStore"] is True
    assert resolve(properties["OnlineStoreConfig"]["SecurityConfig"]["KmsKeyId"]) == "<Key>"
    offline = properties["OfflineStoreConfig"]["S3StorageConfig"]
    assert resolve(offline["KmsKeyId"]) == "<Key>"
    assert resolve(offline["S3Uri"]) == "s3://<Artifacts>/feature-store"


def test_the_feature_group_and_its_role_outlive_every_stack(dev: Assembly, prod: Assembly) -> None:
    for assembly in (dev, prod):
        role = assembly.only("data", "AWS::IAM::Role", "ReviewFeaturesOfflineStoreRole")
        rights = assembly.only("data", "AWS::IAM::Policy", "ReviewFeaturesOfflineStoreRole")
        for item in (features(assembly), role, rights):
            assert (item["DeletionPolicy"], item["UpdateReplacePolicy"]) == KEPT


def test_the_feature_group_waits_for_the_rights_of_its_role(dev: Assembly) -> None:
    waits_for = features(dev)["DependsOn"]
    assert any(name.startswith("ReviewFeaturesOfflineStoreRoleDefaultPolicy") for name in waits_for)


def test_the_offline_store_is_all_its_role_can_write(dev: Assembly) -> None:
    statements = dev.statements("data", "ReviewFeaturesOfflineStoreRole")
    writable = {r for one in statements if "s3:PutObject" in one["Action"] for r in one["Resource"]}
    assert writable == {"<Artifacts>/feature-store/*"}


def test_the_offline_store_is_written_and_never_read_by_its_role(dev: Assembly) -> None:
    statements = dev.statements("data", "ReviewFeaturesOfflineStoreRole")
    actions = {action for one in statements for action in one["Action"]}
    assert actions == {"kms:GenerateDataKey", "s3:GetBucketAcl", "s3:PutObject", "s3:PutObjectAcl"}
