import { isMap, type Value, type ValueMap } from '../template/value.ts';
import { refuseOthers, requiredText, textIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';

const SUBSCRIPTION = [
  'FilterName',
  'LogGroupName',
  'FilterPattern',
  'DestinationArn',
  'RoleArn',
  'Distribution',
];
const METRIC = ['FilterName', 'LogGroupName', 'FilterPattern', 'MetricTransformations'];

function filterOf(wanted: ValueMap, filterName: string) {
  return {
    logGroupName: requiredText(wanted, 'LogGroupName'),
    filterName,
    filterPattern: textIn(wanted, 'FilterPattern') ?? '',
  };
}

async function putSubscription(filterName: string, wanted: ValueMap, scope: ResourceScope) {
  refuseOthers(scope.type, wanted, SUBSCRIPTION);
  const { RoleArn: roleArn, Distribution: distribution } = wanted;
  await scope.call('logs', 'PutSubscriptionFilter', {
    ...filterOf(wanted, filterName),
    destinationArn: requiredText(wanted, 'DestinationArn'),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(distribution === undefined ? {} : { distribution }),
  });
  return { physicalId: filterName, attributes: {} };
}

/** AWS::Logs::SubscriptionFilter */
export const subscriptionFilter: ResourceProvider = {
  create: (wanted, scope) => putSubscription(textIn(wanted, 'FilterName') ?? scope.name(512), wanted, scope),
  update: ({ physicalId }, wanted, scope) => putSubscription(physicalId, wanted, scope),
  async remove({ physicalId, properties }, { call }) {
    const logGroupName = requiredText(properties, 'LogGroupName');
    await call('logs', 'DeleteSubscriptionFilter', { logGroupName, filterName: physicalId });
    return undefined;
  },
};

/** The operation's member for a property: `MetricName` is `metricName`, dimensions are a map. */
function transformation(value: Value): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(isMap(value) ? value : {})) {
    const member = name.charAt(0).toLowerCase() + name.slice(1);
    found[member] =
      name === 'Dimensions' && Array.isArray(item)
        ? Object.fromEntries(item.filter(isMap).map(({ Key, Value: path }) => [String(Key), path]))
        : item;
  }
  return found;
}

async function putMetricFilter(filterName: string, wanted: ValueMap, scope: ResourceScope) {
  refuseOthers(scope.type, wanted, METRIC);
  const { MetricTransformations: transformations } = wanted;
  await scope.call('logs', 'PutMetricFilter', {
    ...filterOf(wanted, filterName),
    metricTransformations: Array.isArray(transformations) ? transformations.map(transformation) : [],
  });
  return { physicalId: filterName, attributes: {} };
}

/** AWS::Logs::MetricFilter */
export const metricFilter: ResourceProvider = {
  create: (wanted, scope) => putMetricFilter(textIn(wanted, 'FilterName') ?? scope.name(512), wanted, scope),
  update: ({ physicalId }, wanted, scope) => putMetricFilter(physicalId, wanted, scope),
  async remove({ physicalId, properties }, { call }) {
    const logGroupName = requiredText(properties, 'LogGroupName');
    await call('logs', 'DeleteMetricFilter', { logGroupName, filterName: physicalId });
    return undefined;
  },
};
