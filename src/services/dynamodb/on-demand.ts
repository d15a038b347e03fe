import type { BillingMode, OnDemandThroughput } from '../../model/gen/dynamodb.ts';
import { fault, invalidParameter } from './fault.ts';
import { TABLE_UNITS } from './quota.ts';

/** No maximum, where an update takes one back. */
const NONE = -1;

/**
 * Throws for maxima of a table or index on demand that cannot be. Only those of a new table may not be -1.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html
 */
export function checkOnDemand(
  throughput: OnDemandThroughput | undefined,
  mode: BillingMode,
  region: string,
  of: { readonly index?: string; readonly isNew?: boolean } = {},
): void {
  for (const [side, units] of [
    ['Read', throughput?.MaxReadRequestUnits],
    ['Write', throughput?.MaxWriteRequestUnits],
  ] as const) {
    if (units === undefined) continue;
    const name = `Max${side}RequestUnits for OnDemandThroughput`;
    if (mode === 'PROVISIONED') {
      throw invalidParameter(
        `${name} cannot be specified when ${of.isNew === true ? 'table BillingMode is PROVISIONED.' : 'the table BillingMode is PROVISIONED'}`,
      );
    }
    const what = of.index === undefined ? 'table' : `index : ${of.index}`;
    const mayBeNone = of.isNew !== true || of.index !== undefined;
    if (units < 1 && !(mayBeNone && units === NONE)) {
      throw invalidParameter(`Requested ${name} for ${what} is outside of valid range`);
    }
    if (units > TABLE_UNITS) {
      throw fault(
        'LimitExceededException',
        `Subscriber limit exceeded: Requested ${name} for ${what} exceeds TableMax${side}CapacityUnits of the account in region ${region}`,
      );
    }
  }
}
