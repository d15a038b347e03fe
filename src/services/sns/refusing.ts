import type { Violation } from '../../model/violation.ts';
import { invalid } from './fault.ts';

/** SNS says itself that a subscription is not named; the framework says the rest. */
export function refuseMissing(
  _input: Readonly<Record<string, unknown>>,
  violations: readonly Violation[],
): void {
  const [first] = violations;
  if (first?.constraint.kind !== 'required' || first.path !== 'subscriptionArn') return;
  throw invalid('SubscriptionArn Reason: no value for required parameter');
}
