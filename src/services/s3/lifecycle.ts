import type { LifecycleRule, Tag } from '../../model/gen/s3.ts';
import { fault, invalidArgument, notImplemented } from './fault.ts';
import type { ObjectRow } from './layout.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html */
const MOST_RULES = 1000;
const LONGEST_ID = 255;
export const DAY_MS = 86_400_000;

/** Classes whose objects stay readable at once. */
const CLASSES = new Set<string>(['STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR']);

/** Throws for rules S3 does not take, and for those whose work is not done here. */
export function checkRules(rules: readonly LifecycleRule[]): void {
  if (rules.length === 0 || rules.length > MOST_RULES) throw malformed();
  const ids = new Set<string>();
  for (const rule of rules) {
    const { ID, Filter, Prefix, Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } =
      rule;
    if (ID !== undefined) {
      if (ID.length > LONGEST_ID)
        throw invalidArgument('ID length should not exceed allowed limit of 255', 'ID', ID);
      if (ids.has(ID))
        throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', 'ID', ID);
      ids.add(ID);
    }
    if ((Filter === undefined) === (Prefix === undefined)) throw malformed();
    const { Days, Date: date, ExpiredObjectDeleteMarker } = Expiration ?? {};
    if (
      Expiration !== undefined &&
      [Days, date, ExpiredObjectDeleteMarker].filter((one) => one !== undefined).length !== 1
    )
      throw malformed();
    if (Days !== undefined) checkDays(Days, 'Expiration');
    if (date !== undefined && date.getTime() % DAY_MS !== 0) {
      throw invalidArgument("'Date' must be at midnight GMT", 'Date', date.toISOString());
    }
    if (NoncurrentVersionExpiration !== undefined) {
      checkDays(NoncurrentVersionExpiration.NoncurrentDays, 'NoncurrentVersionExpiration');
    }
    if (AbortIncompleteMultipartUpload !== undefined) {
      checkDays(AbortIncompleteMultipartUpload.DaysAfterInitiation, 'AbortIncompleteMultipartUpload');
    }
    for (const { StorageClass } of rule.Transitions ?? []) checkClass(StorageClass);
    if (rule.NoncurrentVersionTransitions !== undefined) throw notImplemented('NoncurrentVersionTransition');
    const acts =
      Expiration ?? NoncurrentVersionExpiration ?? AbortIncompleteMultipartUpload ?? rule.Transitions?.[0];
    if (acts === undefined) {
      throw fault('InvalidRequest', 'At least one action needs to be specified in a rule');
    }
  }
}

function checkDays(days: number | undefined, action: string): void {
  if (days !== undefined && days >= 1) return;
  throw invalidArgument(`'Days' for ${action} action must be a positive integer`, 'Days', days);
}

/** What is archived needs a restore, which is not there. */
function checkClass(storageClass: string | undefined): void {
  if (storageClass === undefined) throw malformed();
  if (!CLASSES.has(storageClass)) throw notImplemented(`Transition to ${storageClass}`);
}

function malformed() {
  return fault(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

/** A rule as its row gives it back, dates as dates. */
export function revivedRule(rule: LifecycleRule): LifecycleRule {
  const { Expiration, Transitions } = rule;
  return {
    ...rule,
    ...(Expiration === undefined ? {} : { Expiration: withDate(Expiration) }),
    ...(Transitions === undefined ? {} : { Transitions: Transitions.map(withDate) }),
  };
}

function withDate<T extends { readonly Date?: Date | undefined }>(action: T): T {
  return action.Date === undefined ? action : { ...action, Date: new Date(action.Date) };
}

type Subject = Pick<ObjectRow, 'size' | 'tags'>;

/** Whether an enabled rule is for this object. */
export function applies(
  { Status, Filter, Prefix }: LifecycleRule,
  key: string,
  { size, tags = [] }: Subject,
): boolean {
  if (Status !== 'Enabled') return false;
  const wanted = Filter?.And ?? Filter ?? {};
  const prefix = wanted.Prefix ?? Prefix ?? '';
  const over = wanted.ObjectSizeGreaterThan;
  const under = wanted.ObjectSizeLessThan;
  const named: readonly Tag[] = Filter?.And?.Tags ?? (Filter?.Tag === undefined ? [] : [Filter.Tag]);
  return (
    key.startsWith(prefix) &&
    (over === undefined || size > over) &&
    (under === undefined || size < under) &&
    named.every(({ Key, Value }) => tags.some((tag) => tag.Key === Key && tag.Value === Value))
  );
}

/** Whether a rule is for uploads under a key; what is not there yet has neither size nor tags. */
export function appliesToUploads(rule: LifecycleRule, key: string): boolean {
  const { Tag, And } = rule.Filter ?? {};
  return Tag === undefined && And === undefined && applies(rule, key, { size: 0 });
}

/** So many days after, and on to the next midnight, as S3 counts. */
export function midnightAfter(fromMs: number, days: number): number {
  return Math.ceil((fromMs + days * DAY_MS) / DAY_MS) * DAY_MS;
}

/** When the newest version of a key expires, and by which rule. */
export function expiryOf(
  rules: readonly LifecycleRule[],
  key: string,
  row: ObjectRow,
): { readonly atMs: number; readonly ruleId: string } | undefined {
  let soonest: { readonly atMs: number; readonly ruleId: string } | undefined;
  if (row.deleteMarker === true) return undefined;
  for (const rule of rules) {
    const { Days, Date: date } = rule.Expiration ?? {};
    if ((Days === undefined && date === undefined) || !applies(rule, key, row)) continue;
    const atMs = Days === undefined ? new Date(date ?? 0).getTime() : midnightAfter(row.lastModifiedMs, Days);
    if (soonest === undefined || atMs < soonest.atMs) soonest = { atMs, ruleId: rule.ID ?? '' };
  }
  return soonest;
}

/** The `x-amz-expiration` header of an object. */
export function expirationHeader(
  rules: readonly LifecycleRule[] | undefined,
  key: string,
  row: ObjectRow,
): string | undefined {
  const expiry = rules === undefined ? undefined : expiryOf(rules, key, row);
  if (expiry === undefined) return undefined;
  return `expiry-date="${new Date(expiry.atMs).toUTCString()}", rule-id="${encodeURIComponent(expiry.ruleId)}"`;
}

/** The class a version should be in by now: that of the last transition that came due; undefined when none did. */
export function dueClass(
  rules: readonly LifecycleRule[],
  key: string,
  row: ObjectRow,
  nowMs: number,
): string | undefined {
  let latest: { readonly atMs: number; readonly storageClass: string | undefined } | undefined;
  for (const rule of rules) {
    if (rule.Transitions === undefined || !applies(rule, key, row)) continue;
    for (const { Days, Date: date, StorageClass } of rule.Transitions) {
      const atMs =
        date === undefined ? midnightAfter(row.lastModifiedMs, Days ?? 0) : new Date(date).getTime();
      if (atMs <= nowMs && (latest === undefined || atMs >= latest.atMs))
        latest = { atMs, storageClass: StorageClass };
    }
  }
  return latest?.storageClass;
}

/**
 * Whether a version that is not the newest has had its time: `sinceMs` is when a newer one came, `newer` how many
 * older versions are newer than it.
 */
export function hasOutlived(
  rules: readonly LifecycleRule[],
  key: string,
  row: ObjectRow,
  { sinceMs, newer, nowMs }: { readonly sinceMs: number; readonly newer: number; readonly nowMs: number },
): boolean {
  return rules.some((rule) => {
    const { NoncurrentDays, NewerNoncurrentVersions = 0 } = rule.NoncurrentVersionExpiration ?? {};
    return (
      NoncurrentDays !== undefined &&
      newer >= NewerNoncurrentVersions &&
      applies(rule, key, row) &&
      midnightAfter(sinceMs, NoncurrentDays) <= nowMs
    );
  });
}

/** Whether a delete marker that hides nothing any more is to go. */
export function dropsLoneMarkers(rules: readonly LifecycleRule[], key: string): boolean {
  return rules.some(
    (rule) => rule.Expiration?.ExpiredObjectDeleteMarker === true && appliesToUploads(rule, key),
  );
}
