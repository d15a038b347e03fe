// Extracts AWS's service models, prose removed, from the data folder of the `botocore` package:
//
//     pip download --no-deps botocore && unzip botocore-*.whl 'botocore/data/*'
//     node scripts/extract-models.mjs botocore/data
//
// Writes models/<service>.json, a shape a line, so that a new release reads as a diff.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const SERVICES = `acm amplify apigateway apigatewaymanagementapi apigatewayv2 appconfig appconfigdata
application-autoscaling appsync batch budgets cloudformation cloudfront cloudfront-keyvaluestore cloudtrail cloudwatch
codebuild codedeploy codepipeline cognito-identity cognito-idp cognito-sync config dax dms ds dynamodb dynamodbstreams
ec2 ecr ecs elbv2 events firehose iam kinesis kms lambda logs macie2 organizations pipes rds rds-data
resourcegroupstaggingapi route53 s3 s3control scheduler schemas secretsmanager serverlessrepo ses sesv2 shield signer
sns sqs ssm stepfunctions sts waf waf-regional wafv2 xray`.split(/\s+/);

const PROSE = new Set([
  'documentation',
  'documentationUrl',
  'deprecatedMessage',
  'deprecatedSince',
  'examples',
]);

/** Drops documentation, but not a shape's member that happens to be called `documentation`. */
function withoutProse(value, isNameMap = false) {
  if (Array.isArray(value)) return value.map((item) => withoutProse(item));
  if (value === null || typeof value !== 'object') return value;
  const kept = {};
  for (const [name, item] of Object.entries(value)) {
    if (!isNameMap && PROSE.has(name) && typeof item === 'string') continue;
    kept[name] = withoutProse(item, name === 'members' || name === 'shapes' || name === 'operations');
  }
  return kept;
}

function readNewest(folder) {
  const version = readdirSync(folder)
    .filter((name) => /^\d{4}-\d{2}-\d{2}$/.test(name))
    .sort()
    .at(-1);
  const plain = join(folder, version, 'service-2.json');
  const text = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
  return JSON.parse(text.toString('utf8'));
}

function lines(map) {
  return Object.entries(map)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join(',\n');
}

const [data] = process.argv.slice(2);
if (!data) throw new Error('usage: extract-models.mjs BOTOCORE_DATA_FOLDER');
const target = fileURLToPath(new URL('../models/', import.meta.url));
mkdirSync(target, { recursive: true });
const index = {};
for (const service of SERVICES) {
  const { metadata, operations, shapes } = withoutProse(readNewest(join(data, service)));
  const text = `{"metadata":${JSON.stringify(metadata)},\n"operations":{\n${lines(operations)}},\n"shapes":{\n${lines(shapes)}}}\n`;
  JSON.parse(text);
  writeFileSync(join(target, `${service}.json`), text);
  index[service] = metadata;
}
// Routing needs every service's metadata; reading 65 models for it would cost the start-up.
writeFileSync(join(target, 'index.json'), `{\n${lines(index)}}\n`);
console.log(`${SERVICES.length} models`);
