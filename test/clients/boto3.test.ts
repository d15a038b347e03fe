import { strict as assert } from 'node:assert';
import { execFile, execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startLambent } from 'lambent/testing';

function boto3IsHere(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const SCRIPT = `
import boto3, io, json
from botocore.config import Config
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

config = Config(retries={"total_max_attempts": 1})
def client(name): return boto3.client(name, config=config)

assert client("sts").get_caller_identity()["Account"] == "000000000000"

table = boto3.resource("dynamodb", config=config).create_table(
    TableName="Music", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "Artist", "AttributeType": "S"}, {"AttributeName": "Song", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "Song", "KeyType": "RANGE"}])
table.wait_until_exists()
with table.batch_writer() as batch:
    for i in range(30):
        batch.put_item(Item={"Artist": "Ada", "Song": f"s{i:02}", "n": i, "tags": {"a", "b"}, "raw": b"\\x00\\xff"})
found = table.query(KeyConditionExpression=Key("Artist").eq("Ada") & Key("Song").between("s05", "s09"))["Items"]
assert [int(item["n"]) for item in found] == [5, 6, 7, 8, 9], found
assert found[0]["raw"].value == b"\\x00\\xff" and found[0]["tags"] == {"a", "b"}
assert table.scan(FilterExpression=Attr("n").gte(28))["Count"] == 2
try:
    table.put_item(Item={"Artist": "Ada", "Song": "s00"}, ConditionExpression="attribute_not_exists(Song)")
    raise SystemExit("the condition held")
except ClientError as error:
    assert error.response["Error"]["Code"] == "ConditionalCheckFailedException", error

s3 = client("s3")
s3.create_bucket(Bucket="boto-bucket")
s3.upload_fileobj(io.BytesIO(b"x" * 9_000_000), "boto-bucket", "big")
assert s3.head_object(Bucket="boto-bucket", Key="big")["ContentLength"] == 9_000_000
s3.put_object(Bucket="boto-bucket", Key="k/é", Body=b"hi", Metadata={"a": "b"})
got = s3.get_object(Bucket="boto-bucket", Key="k/é")
assert got["Body"].read() == b"hi" and got["Metadata"] == {"a": "b"}
assert [o["Key"] for o in s3.list_objects_v2(Bucket="boto-bucket")["Contents"]] == ["big", "k/é"]

iam = client("iam")
iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}))
iam.create_user(UserName="ada")
key = iam.create_access_key(UserName="ada")["AccessKey"]
iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::boto-bucket"}]}))
ada = boto3.client("s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"], config=config)
assert ada.list_objects_v2(Bucket="boto-bucket")["KeyCount"] == 2
try:
    ada.get_object(Bucket="boto-bucket", Key="big")
    raise SystemExit("allowed")
except ClientError as error:
    assert error.response["Error"]["Code"] == "AccessDenied", error
print("done")
`;

test('boto3: sts, dynamodb, s3, iam', {
  skip: boto3IsHere() ? false : 'boto3 is not installed',
}, async () => {
  const lambent = await startLambent();
  try {
    const { stdout } = await promisify(execFile)('python3', ['-c', SCRIPT], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        AWS_ENDPOINT_URL: lambent.endpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_DEFAULT_REGION: 'us-east-1',
      },
    });
    assert.equal(stdout, 'done\n');
  } finally {
    await lambent.stop();
  }
});
