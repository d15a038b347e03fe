import { parseArn } from '../../base/arn.ts';
import { fault } from './reference.ts';

const KINDS = ['sqs', 'sns', 'lambda', 's3'];

/** A destination as it is kept; throws for what nothing can be sent to. Undefined and empty text are none. */
export function destinationOf(arn: string | undefined): string | undefined {
  if (arn === undefined || arn === '') return undefined;
  const parsed = parseArn(arn);
  if (parsed?.service === 'events') {
    throw fault(
      'InvalidParameterValueException',
      `EventBridge is not here, so nothing can be sent to ${arn}.`,
    );
  }
  if (parsed === undefined || !KINDS.includes(parsed.service) || parsed.resource.endsWith('.fifo')) {
    throw fault(
      'InvalidParameterValueException',
      `The provided destination config DestinationConfig is invalid: ${arn}`,
    );
  }
  return arn;
}
