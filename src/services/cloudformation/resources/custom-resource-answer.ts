import { Fault } from '../../../service/faults.ts';
import { isMap, type ValueMap } from '../template/value.ts';

/** What a custom resource says. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html */
export interface CustomResourceAnswer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason: string;
  readonly physicalId: string | undefined;
  readonly data: ValueMap;
}

export function readAnswer(text: string): CustomResourceAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault('ValidationError', 'Invalid response: it is not JSON', {}, 400);
  }
  if (!isMap(value)) throw new Fault('ValidationError', 'Invalid response: it is not an object', {}, 400);
  const { Status, Reason, PhysicalResourceId, Data } = value;
  const physicalId =
    typeof PhysicalResourceId === 'string' && PhysicalResourceId !== '' ? PhysicalResourceId : undefined;
  if (Status !== 'SUCCESS' && Status !== 'FAILED') {
    return {
      status: 'FAILED',
      reason: 'Invalid Response object: Value of property Status must be SUCCESS or FAILED',
      physicalId,
      data: {},
    };
  }
  if (Status === 'SUCCESS' && physicalId === undefined) {
    return { status: 'FAILED', reason: 'Invalid PhysicalResourceId', physicalId, data: {} };
  }
  return {
    status: Status,
    reason: typeof Reason === 'string' && Reason !== '' ? Reason : 'Custom resource failed without a reason',
    physicalId,
    data: isMap(Data) ? Data : {},
  };
}
