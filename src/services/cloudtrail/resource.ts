import { parseArn } from '../../base/arn.ts';

export interface EventResource {
  /** CloudFormation's name of the kind; absent for kinds it has none for. */
  readonly type?: string;
  /** Its own name: the last part of the ARN. */
  readonly name: string;
  readonly arn: string;
  readonly account: string;
}

/** By service and the word before the resource's name; an empty word where there is none. */
const TYPES: Readonly<Record<string, string>> = {
  'iam/user': 'AWS::IAM::User',
  'iam/group': 'AWS::IAM::Group',
  'iam/role': 'AWS::IAM::Role',
  'iam/policy': 'AWS::IAM::Policy',
  'iam/instance-profile': 'AWS::IAM::InstanceProfile',
  'iam/mfa': 'AWS::IAM::MfaDevice',
  'iam/saml-provider': 'AWS::IAM::SAMLProvider',
  'iam/oidc-provider': 'AWS::IAM::OIDCProvider',
  's3/': 'AWS::S3::Bucket',
  's3/object': 'AWS::S3::Object',
  'dynamodb/table': 'AWS::DynamoDB::Table',
  'dynamodb/global-table': 'AWS::DynamoDB::GlobalTable',
  'lambda/function': 'AWS::Lambda::Function',
  'lambda/layer': 'AWS::Lambda::LayerVersion',
  'sqs/': 'AWS::SQS::Queue',
  'sns/': 'AWS::SNS::Topic',
  'logs/log-group': 'AWS::Logs::LogGroup',
  'cloudformation/stack': 'AWS::CloudFormation::Stack',
  'cognito-idp/userpool': 'AWS::Cognito::UserPool',
  'kms/key': 'AWS::KMS::Key',
  'events/rule': 'AWS::Events::Rule',
  'events/event-bus': 'AWS::Events::EventBus',
  'states/stateMachine': 'AWS::StepFunctions::StateMachine',
  'kinesis/stream': 'AWS::Kinesis::Stream',
  'secretsmanager/secret': 'AWS::SecretsManager::Secret',
  'ssm/parameter': 'AWS::SSM::Parameter',
  'cloudtrail/trail': 'AWS::CloudTrail::Trail',
  'organizations/account': 'AWS::Organizations::Account',
  'organizations/ou': 'AWS::Organizations::OrganizationalUnit',
  'organizations/policy': 'AWS::Organizations::Policy',
};

/** The resource of an ARN; undefined for `*` and patterns. */
export function resourceOf(arn: string, account: string): EventResource | undefined {
  const parsed = parseArn(arn);
  if (parsed === undefined || arn.includes('*')) return undefined;
  const owner = parsed.account === '' ? account : parsed.account;
  const { service, resource } = parsed;
  const isObject = service === 's3' && resource.includes('/');
  const mark = isObject ? -1 : resource.search(/[/:]/);
  const kind = isObject ? 'object' : mark < 0 ? '' : resource.slice(0, mark);
  const rest = mark < 0 ? resource : resource.slice(mark + 1);
  const type = TYPES[`${service}/${kind}`];
  const name = service === 'iam' ? (rest.split('/').at(-1) ?? rest) : rest;
  return { ...(type === undefined ? {} : { type }), name, arn, account: owner };
}
