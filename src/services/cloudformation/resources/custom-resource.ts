import { createHash } from 'node:crypto';
import { Fault } from '../../../service/faults.ts';
import { isList, isMap, isScalar, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import { requiredText } from './property.ts';
import type { ResourceProvider, ResourceScope, Waiting } from './provider.ts';

const DEFAULT_TIMEOUT_SECONDS = 3600;

/** Custom resources see every scalar as text. */
function asText(value: Value): Value {
  if (isScalar(value)) return String(value);
  if (isList(value)) return value.map(asText);
  if (!isMap(value)) return '';
  const map: MutableMap = {};
  for (const [key, item] of Object.entries(value)) map[key] = asText(item);
  return map;
}

/** Asks the function or topic behind `ServiceToken`; the answer comes to the callback address. */
async function ask(
  RequestType: 'Create' | 'Update' | 'Delete',
  properties: ValueMap,
  rest: ValueMap,
  physicalId: string,
  scope: ResourceScope,
): Promise<Waiting> {
  const serviceToken = requiredText(properties, 'ServiceToken');
  const RequestId = requestId(scope, RequestType);
  const event = JSON.stringify({
    RequestType,
    ServiceToken: serviceToken,
    ResponseURL: await scope.openCallback(RequestId),
    StackId: scope.stackId,
    RequestId,
    LogicalResourceId: scope.logicalId,
    ResourceType: scope.type,
    ...rest,
    ResourceProperties: asText(properties),
  });
  if (serviceToken.startsWith('arn:aws:sns:')) {
    await scope.call('sns', 'Publish', {
      TopicArn: serviceToken,
      Subject: 'AWS CloudFormation custom resource request',
      Message: event,
    });
  } else {
    await scope.call('lambda', 'Invoke', {
      FunctionName: serviceToken,
      InvocationType: 'Event',
      Payload: Buffer.from(event, 'utf8'),
    });
  }
  const seconds = Number(properties['ServiceTimeout'] ?? DEFAULT_TIMEOUT_SECONDS);
  return { physicalId, waitMs: seconds * 1000, memo: RequestId };
}

/** The same for each try of the same work. */
function requestId({ stackId, logicalId, sinceMs }: ResourceScope, requestType: string): string {
  const hex = createHash('sha256').update(`${stackId}/${logicalId}/${requestType}/${sinceMs}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/**
 * AWS::CloudFormation::CustomResource and Custom::*.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
 */
export const customResource: ResourceProvider = {
  create(wanted, scope) {
    // Until the answer names the resource it has a name of ours, which a deletion after a failure is told.
    return ask('Create', wanted, {}, scope.name(255), scope);
  },
  update({ physicalId, properties }, wanted, scope) {
    const rest = { PhysicalResourceId: physicalId, OldResourceProperties: asText(properties) };
    return ask('Update', wanted, rest, physicalId, scope);
  },
  remove({ physicalId, properties }, scope) {
    return ask('Delete', properties, { PhysicalResourceId: physicalId }, physicalId, scope);
  },
  /** Looked at when the time is over and no answer has come. */
  settle({ memo }): Promise<never> {
    throw new Fault(
      'ValidationError',
      `CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [${String(memo)}]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.`,
    );
  },
};
