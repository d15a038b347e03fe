import type { LogsOperations, MetricFilter } from '../../model/gen/logs.ts';
import type { Group } from '../../service/service.ts';
import { parsePattern } from './filter-pattern.ts';
import { fault, readGroup } from './group.ts';
import { layout, type MetricFilterRow } from './layout.ts';
import { patternValues } from './pattern-value.ts';
import { sealToken, unsealToken } from './token.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const MOST_FILTERS = 100;
const MOST_SHOWN = 50;
const UNSUPPORTED = [
  'applyOnTransformedLogs',
  'fieldSelectionCriteria',
  'emitSystemFieldDimensions',
] as const;

function describe(logGroupName: string, filterName: string, row: MetricFilterRow): MetricFilter {
  return {
    filterName,
    logGroupName,
    filterPattern: row.pattern,
    metricTransformations: row.transformations,
    creationTime: row.createdAtMs,
    applyOnTransformedLogs: false,
  };
}

/** Separates a group from a filter in a token; no group's name holds it. */
const SEPARATOR = ':';

export const metricFilters = {
  async PutMetricFilter(input, ctx) {
    const { logGroupName, filterName, filterPattern: pattern, metricTransformations } = input;
    for (const name of UNSUPPORTED) {
      if (input[name] !== undefined && input[name] !== false) {
        throw fault('InvalidParameterException', `${name} is not supported here.`);
      }
    }
    parsePattern(pattern);
    for (const { defaultValue, dimensions } of metricTransformations) {
      if (defaultValue !== undefined && dimensions !== undefined && Object.keys(dimensions).length > 0) {
        throw fault(
          'InvalidParameterException',
          'Invalid metric transformation: dimensions and default value are mutually exclusive properties.',
        );
      }
    }
    const { metricFilters: rows } = layout.at(ctx.account, ctx.region);
    const createdAtMs = Math.floor(ctx.world.clock.now());
    await ctx.transact(async (tx) => {
      const { id } = await readGroup(tx, ctx, logGroupName);
      const others = (await rows.all(tx, [id])).filter(({ key }) => key[1] !== filterName);
      if (others.length >= MOST_FILTERS) throw fault('LimitExceededException', 'Resource limit exceeded.');
      rows.set(tx, [id, filterName], { pattern, transformations: metricTransformations, createdAtMs });
    });
    ctx.log('info', `metric filter ${filterName} of ${logGroupName} is kept, not simulated`);
    return {};
  },

  async DescribeMetricFilters(input, ctx) {
    const { groups, metricFilters: rows } = layout.at(ctx.account, ctx.region);
    const { logGroupName: only, filterNamePrefix: prefix = '', metricName, metricNamespace } = input;
    if ((metricName === undefined) !== (metricNamespace === undefined)) {
      throw fault(
        'InvalidParameterException',
        'Both metricName and metricNamespace must be specified, or neither.',
      );
    }
    const limit = input.limit ?? MOST_SHOWN;
    const from = input.nextToken === undefined ? '' : unsealToken(input.nextToken);
    const named =
      only === undefined
        ? (await groups.all(ctx.store, [])).map(({ key, value }) => ({ name: key[0], id: value.id }))
        : [{ name: only, id: (await readGroup(ctx.store, ctx, only)).id }];
    const found: { readonly place: string; readonly filter: MetricFilter }[] = [];
    for (const { name, id } of named) {
      for (const { key, value } of await rows.all(ctx.store, [id])) {
        const place = `${name}${SEPARATOR}${key[1]}`;
        const fits =
          metricName === undefined ||
          value.transformations.some(
            (one) => one.metricName === metricName && one.metricNamespace === metricNamespace,
          );
        if (place > from && fits && key[1].startsWith(prefix))
          found.push({ place, filter: describe(name, key[1], value) });
      }
    }
    const last = found[limit - 1]?.place;
    return {
      metricFilters: found.slice(0, limit).map(({ filter }) => filter),
      nextToken: found.length > limit && last !== undefined ? sealToken(last) : undefined,
    };
  },

  async DeleteMetricFilter(input, ctx) {
    const { metricFilters: rows } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const { id } = await readGroup(tx, ctx, input.logGroupName);
      if ((await rows.get(tx, [id, input.filterName])) === undefined) {
        throw fault('ResourceNotFoundException', 'The specified metric filter does not exist.');
      }
      rows.delete(tx, [id, input.filterName]);
    });
    return {};
  },

  async TestMetricFilter({ filterPattern, logEventMessages }) {
    const matches = parsePattern(filterPattern);
    const valuesOf = patternValues(filterPattern);
    const found = [];
    for (const [index, eventMessage] of logEventMessages.entries()) {
      if (!matches(eventMessage)) continue;
      found.push({ eventNumber: index + 1, eventMessage, extractedValues: valuesOf(eventMessage) });
    }
    return { matches: found };
  },
} satisfies Group<LogsOperations>;
