// Extracts CloudFormation's resource types, prose removed, from the `@aws-cdk/aws-service-spec` package
// (a development dependency):
//
//     node scripts/extract-resource-types.mjs
//
// Writes models/cloudformation/<namespace>.json, a type a line, so that a new release reads as a diff. A property is
// one word of text: flags, then its type. `!` required, `~` its change replaces the resource, `?` it may. Types are
// `string`, `integer`, `number`, `boolean`, `json`, `date-time`, `[T]` a list, `{T}` a map, `#N` the namespace's
// definition N, and `T|T` either.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';

const NAMESPACES = new Set(
  `Amplify ApiGateway ApiGatewayV2 AppConfig ApplicationAutoScaling AppSync Batch Budgets CertificateManager
CloudFormation CloudFront CloudTrail CloudWatch CodeBuild CodeDeploy CodePipeline Cognito Config DAX DirectoryService
DMS DynamoDB EC2 ECR ECS ElasticLoadBalancingV2 Events EventSchemas IAM Kinesis KinesisFirehose KMS Lambda Logs Macie
Organizations Pipes RDS Route53 S3 Scheduler SecretsManager ServiceDiscovery SES Shield Signer SNS SQS SSM StepFunctions WAF WAFRegional
WAFv2 XRay`.split(/\s+/),
);

const db = loadAwsServiceSpecSync();
const byName = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Renders one namespace; definitions are numbered in the order they are met. */
function render(resources) {
  const numbers = new Map();
  const definitions = [];

  function type(of) {
    switch (of.type) {
      case 'array':
        return `[${type(of.element)}]`;
      case 'map':
        return `{${type(of.element)}}`;
      case 'ref':
        return `#${definition(of.reference.$ref)}`;
      case 'union':
        return of.types.map(type).join('|');
      case 'null':
        return 'json';
      case 'tag':
        return `#${tag()}`;
      default:
        return of.type;
    }
  }

  /** Splits a union, but not one inside a list or map. */
  function alternatives(text) {
    return text.startsWith('[') || text.startsWith('{') ? [text] : text.split('|');
  }

  function tag() {
    if (!numbers.has('Tag')) {
      numbers.set('Tag', definitions.length);
      definitions.push({ name: 'Tag', properties: { Key: '!string', Value: '!string' } });
    }
    return numbers.get('Tag');
  }

  function definition(id) {
    if (!numbers.has(id)) {
      const number = definitions.length;
      numbers.set(id, number);
      definitions.push(undefined);
      const found = db.get('typeDefinition', id);
      definitions[number] = { name: found.name, properties: properties(found.properties) };
    }
    return numbers.get(id);
  }

  function properties(of) {
    return Object.fromEntries(
      Object.entries(of)
        .sort(([a], [b]) => byName(a, b))
        .map(([name, { required, causesReplacement, type: t, previousTypes }]) => {
          const flags = `${required ? '!' : ''}${{ yes: '~', maybe: '?' }[causesReplacement] ?? ''}`;
          // A type that was once JSON is still taken as JSON by CloudFormation when the newest is a closed map.
          const types = [t, ...(previousTypes ?? [])].flatMap((each) => alternatives(type(each)));
          return [name, `${flags}${[...new Set(types)].join('|')}`];
        }),
    );
  }

  const types = resources
    .sort((a, b) => byName(a.cloudFormationType, b.cloudFormationType))
    .map((resource) => [
      resource.cloudFormationType,
      {
        properties: properties(resource.properties),
        attributes: Object.keys(resource.attributes).sort(byName),
        identifier: resource.cfnRefIdentifier ?? resource.primaryIdentifier ?? [],
        ...(resource.tagInformation === undefined
          ? {}
          : {
              tags: {
                property: resource.tagInformation.tagPropertyName,
                form: resource.tagInformation.variant,
              },
            }),
      },
    ]);
  const lines = (items) => items.join(',\n');
  return `{"types":{\n${lines(
    types.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`),
  )}},\n"definitions":[\n${lines(definitions.map((value) => JSON.stringify(value)))}]}\n`;
}

const target = fileURLToPath(new URL('../models/cloudformation/', import.meta.url));
// The folder sam/ beside them is another script's.
for (const file of existsSync(target) ? readdirSync(target) : []) {
  if (file.endsWith('.json')) rmSync(join(target, file));
}
mkdirSync(target, { recursive: true });
const groups = new Map();
for (const resource of db.all('resource')) {
  const namespace = resource.cloudFormationType.split('::')[1];
  if (!NAMESPACES.has(namespace)) continue;
  const group = groups.get(namespace) ?? [];
  group.push(resource);
  groups.set(namespace, group);
}
for (const [namespace, resources] of groups) {
  const text = render(resources);
  JSON.parse(text);
  writeFileSync(join(target, `${namespace}.json`), text);
}
console.log(`${groups.size} namespaces`);
