import type {
  AdvancedEventSelector,
  CloudtrailOperations,
  EventSelector,
} from '../../model/gen/cloudtrail.ts';
import type { Group } from '../../service/service.ts';
import { DEFAULT_SELECTORS, FIELDS } from './event-selector.ts';
import { fault } from './fault.ts';
import { trailArn } from './trail.ts';
import { homeTrail, seenTrail, updateTrail } from './trails.ts';

const MOST_SELECTORS = 5;
const MOST_RESOURCES = 250;
/** Kinds that the older selectors know. */
const DATA_TYPES = new Set(['AWS::S3::Object', 'AWS::Lambda::Function', 'AWS::DynamoDB::Table']);
const EXCLUDABLE = new Set(['kms.amazonaws.com', 'rdsdata.amazonaws.com']);

/** Which events a trail takes. */
export const eventSelectors = {
  async PutEventSelectors({ TrailName, EventSelectors, AdvancedEventSelectors }, ctx) {
    if ((EventSelectors === undefined) === (AdvancedEventSelectors === undefined))
      throw invalid('Specify either EventSelectors or AdvancedEventSelectors.');
    if ((EventSelectors?.length ?? 0) > MOST_SELECTORS)
      throw invalid(`The number of event selectors exceeds ${MOST_SELECTORS}.`);
    const before = await homeTrail(TrailName, ctx);
    const row = await updateTrail(
      ctx,
      before,
      ({ eventSelectors: _one, advancedSelectors: _other, ...kept }) => ({
        ...kept,
        ...(EventSelectors === undefined ? {} : { eventSelectors: EventSelectors.map(checked) }),
        ...(AdvancedEventSelectors === undefined
          ? {}
          : { advancedSelectors: AdvancedEventSelectors.map(checkedAdvanced) }),
      }),
    );
    return {
      TrailARN: trailArn(ctx.account, row),
      EventSelectors: row.eventSelectors,
      AdvancedEventSelectors: row.advancedSelectors,
    };
  },

  async GetEventSelectors({ TrailName }, ctx) {
    const { trail: row, owner } = await seenTrail(TrailName, ctx);
    return {
      TrailARN: trailArn(owner, row),
      ...(row.advancedSelectors === undefined
        ? { EventSelectors: row.eventSelectors ?? DEFAULT_SELECTORS }
        : { AdvancedEventSelectors: row.advancedSelectors }),
    };
  },
} satisfies Group<CloudtrailOperations>;

function invalid(message: string) {
  return fault('InvalidEventSelectorsException', message);
}

function checked(selector: EventSelector): EventSelector {
  const {
    ReadWriteType = 'All',
    IncludeManagementEvents = true,
    DataResources = [],
    ExcludeManagementEventSources = [],
  } = selector;
  for (const { Type, Values } of DataResources) {
    if (Type === undefined || !DATA_TYPES.has(Type))
      throw invalid(
        `The data resource type ${Type} is not valid: it is one of ${[...DATA_TYPES].join(', ')}.`,
      );
    if ((Values ?? []).length > MOST_RESOURCES)
      throw invalid(`The number of data resources exceeds ${MOST_RESOURCES}.`);
    for (const value of Values ?? [])
      if (!value.startsWith('arn:aws:')) throw invalid(`The data resource value ${value} is not an ARN.`);
  }
  for (const source of ExcludeManagementEventSources)
    if (!EXCLUDABLE.has(source)) throw invalid(`Management events of ${source} cannot be excluded.`);
  if (!IncludeManagementEvents && DataResources.length === 0)
    throw invalid('An event selector must select management events or data resources.');
  return { ReadWriteType, IncludeManagementEvents, DataResources, ExcludeManagementEventSources };
}

function checkedAdvanced(selector: AdvancedEventSelector): AdvancedEventSelector {
  const fields = selector.FieldSelectors;
  const categories = fields
    .filter(({ Field }) => Field === 'eventCategory')
    .flatMap(({ Equals = [] }) => Equals);
  const [category] = categories;
  if (categories.length !== 1 || (category !== 'Management' && category !== 'Data'))
    throw invalid('An advanced event selector must have an eventCategory that equals Management or Data.');
  for (const { Field } of fields) if (!FIELDS.has(Field)) throw invalid(`Invalid field: ${Field}`);
  const types = fields.filter(({ Field }) => Field === 'resources.type').flatMap(({ Equals = [] }) => Equals);
  if (category === 'Data' && types.length !== 1)
    throw invalid('An advanced event selector for data events must have one resources.type.');
  return selector;
}
