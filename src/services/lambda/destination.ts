import { parseArn } from '../../base/arn.ts';
import { fault } from './reference.ts';

/** Where records of asynchronous invocations may go, and where a stream's failed batches may. */
const KINDS = { async: ['sqs', 'sns', 'lambda', 's3'], stream: ['sqs', 'sns', 's3'] };

/** What a request asks for; the whole of it stands in a refusal. */
export interface DestinationConfig {
  readonly OnSuccess?: { readonly Destination?: string | undefined } | undefined;
  readonly OnFailure?: { readonly Destination?: string | undefined } | undefined;
}

/** A destination as it is kept; throws for what nothing can be sent to. Undefined and empty text are none. */
export function destinationOf(
  config: DestinationConfig,
  which: 'OnSuccess' | 'OnFailure',
  source: keyof typeof KINDS = 'async',
): string | undefined {
  const arn = config[which]?.Destination;
  if (arn === undefined || arn === '') return undefined;
  const parsed = parseArn(arn);
  if (parsed?.service === 'events' && source === 'async') {
    throw fault(
      'InvalidParameterValueException',
      `EventBridge is not here, so nothing can be sent to ${arn}.`,
    );
  }
  if (parsed === undefined || !KINDS[source].includes(parsed.service) || parsed.resource.endsWith('.fifo')) {
    throw fault(
      'InvalidParameterValueException',
      `The provided destination config DestinationConfig(onSuccess=${written(config, 'OnSuccess')}, onFailure=${written(config, 'OnFailure')}) is invalid.`,
    );
  }
  return arn;
}

function written(config: DestinationConfig, which: 'OnSuccess' | 'OnFailure'): string {
  const arn = config[which]?.Destination;
  return arn === undefined ? 'null' : `${which}(destination=${arn})`;
}
