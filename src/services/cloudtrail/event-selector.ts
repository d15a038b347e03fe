import type { AdvancedFieldSelector, EventSelector } from '../../model/gen/cloudtrail.ts';
import type { EventRecord, TrailEvent } from './event.ts';
import type { TrailRow } from './layout.ts';

/** A trail without selectors of its own: every management event, no data. */
export const DEFAULT_SELECTORS: readonly EventSelector[] = [
  {
    ReadWriteType: 'All',
    IncludeManagementEvents: true,
    DataResources: [],
    ExcludeManagementEventSources: [],
  },
];

/** Whether a trail takes any data events. */
export function takesData({ eventSelectors = [], advancedSelectors = [] }: TrailRow): boolean {
  return (
    eventSelectors.some(({ DataResources }) => (DataResources ?? []).length > 0) ||
    advancedSelectors.some(({ FieldSelectors }) =>
      FieldSelectors.some(
        ({ Field, Equals }) => Field === 'eventCategory' && Equals?.includes('Data') === true,
      ),
    )
  );
}

/**
 * Whether a trail takes an event.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
 */
export function selects(trail: TrailRow, event: TrailEvent): boolean {
  const { record } = event;
  if (!trail.multiRegion && record.awsRegion !== trail.homeRegion) return false;
  if (trail.advancedSelectors !== undefined) {
    return trail.advancedSelectors.some(({ FieldSelectors }) =>
      FieldSelectors.every((selector) => meets(selector, fieldOf(event, selector.Field))),
    );
  }
  return (trail.eventSelectors ?? DEFAULT_SELECTORS).some((selector) => basicSelects(selector, event));
}

function basicSelects(selector: EventSelector, event: TrailEvent): boolean {
  const { ReadWriteType, IncludeManagementEvents, DataResources, ExcludeManagementEventSources } = selector;
  const { record, resources } = event;
  if (ReadWriteType === 'ReadOnly' && !record.readOnly) return false;
  if (ReadWriteType === 'WriteOnly' && record.readOnly) return false;
  if (record.managementEvent) {
    return (
      IncludeManagementEvents !== false &&
      ExcludeManagementEventSources?.includes(record.eventSource) !== true
    );
  }
  return (DataResources ?? []).some(({ Type, Values }) =>
    resources.some(
      ({ type, arn }) => type === Type && (Values ?? []).some((value) => isUnder(arn, value, type)),
    ),
  );
}

/** `arn:aws:s3` is every bucket of the account; an object's value is a prefix; other resources are named whole. */
function isUnder(arn: string, value: string, type: string | undefined): boolean {
  if (/^arn:aws:[\w-]+$/.test(value)) return arn.startsWith(`${value}:`);
  if (type === 'AWS::S3::Object') return arn.startsWith(value);
  return arn === value || arn.startsWith(`${value}/`) || arn.startsWith(`${value}:`);
}

/** Fields an advanced selector may ask for. */
export const FIELDS: ReadonlySet<string> = new Set([
  'eventCategory',
  'eventName',
  'eventSource',
  'eventType',
  'readOnly',
  'resources.ARN',
  'resources.type',
  'sessionCredentialFromConsole',
  'userIdentity.arn',
]);

function fieldOf({ record, resources }: TrailEvent, field: string): readonly string[] {
  switch (field) {
    case 'resources.type':
      return resources.flatMap(({ type }) => (type === undefined ? [] : [type]));
    case 'resources.ARN':
      return resources.map(({ arn }) => arn);
    case 'userIdentity.arn':
      return texts(record.userIdentity['arn']);
    // Nobody signs in to a console of AWS's here.
    case 'sessionCredentialFromConsole':
      return ['false'];
    default:
      return texts(record[field as keyof EventRecord]);
  }
}

function texts(value: unknown): readonly string[] {
  return value === undefined || value === null ? [] : [String(value)];
}

function meets(selector: AdvancedFieldSelector, values: readonly string[]): boolean {
  const { Equals, StartsWith, EndsWith, NotEquals, NotStartsWith, NotEndsWith } = selector;
  const any = (wanted: readonly string[] | undefined, test: (value: string, want: string) => boolean) =>
    wanted?.some((want) => values.some((value) => test(value, want)));
  const equal = (value: string, want: string) => value === want;
  const starts = (value: string, want: string) => value.startsWith(want);
  const ends = (value: string, want: string) => value.endsWith(want);
  return (
    any(Equals, equal) !== false &&
    any(StartsWith, starts) !== false &&
    any(EndsWith, ends) !== false &&
    any(NotEquals, equal) !== true &&
    any(NotStartsWith, starts) !== true &&
    any(NotEndsWith, ends) !== true
  );
}
