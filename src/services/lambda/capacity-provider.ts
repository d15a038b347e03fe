import { formatArn, parseArn } from '../../base/arn.ts';
import type {
  CapacityProvider,
  CapacityProviderState,
  CreateCapacityProviderRequest,
} from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Reader } from '../../store/store.ts';
import { lambdaTime } from './function.ts';
import { type CapacityProviderRow, layout, type StoredCapacity } from './layout.ts';
import { fault } from './reference.ts';

type Scope = Pick<Context, 'account' | 'region'>;

export function providerArn({ account, region }: Scope, name: string): string {
  return formatArn('lambda', region, account, `capacity-provider:${name}`);
}

export function noProvider(arn: string): Error {
  return fault('ResourceNotFoundException', `Capacity provider not found: ${arn}`);
}

/** `CapacityProviderName` may be an ARN, and then of this account and region. */
export function providerNamed(text: string, scope: Scope): string {
  const name = parseArn(text)?.resource.split(':')[1];
  if (name === undefined) return text;
  if (text !== providerArn(scope, name)) throw noProvider(text);
  return name;
}

export async function readProvider(reader: Reader, ctx: Context, name: string): Promise<CapacityProviderRow> {
  const row = await layout.at(ctx.account, ctx.region).capacityProviders.get(reader, [name]);
  if (row === undefined) throw noProvider(providerArn(ctx, name));
  return row;
}

export interface ProviderSettings
  extends Pick<
    CreateCapacityProviderRequest,
    'CapacityProviderScalingConfig' | 'InstanceRequirements' | 'PropagateTags'
  > {}

/** What the model cannot say about a provider. */
export function checkProvider({
  CapacityProviderScalingConfig: scaling,
  PropagateTags,
}: ProviderSettings): void {
  if (scaling?.ScalingMode === 'Manual' && scaling.ScalingPolicies === undefined) {
    throw fault('InvalidParameterValueException', 'ScalingPolicies is required when ScalingMode is Manual.');
  }
  if (scaling !== undefined && scaling.ScalingMode !== 'Manual' && scaling.ScalingPolicies !== undefined) {
    throw fault(
      'InvalidParameterValueException',
      'ScalingPolicies can only be given when ScalingMode is Manual.',
    );
  }
  if ((PropagateTags?.Mode === 'Explicit') !== (PropagateTags?.ExplicitTags !== undefined)) {
    throw fault(
      'InvalidParameterValueException',
      PropagateTags?.Mode === 'Explicit'
        ? 'ExplicitTags is required when Mode is Explicit.'
        : 'ExplicitTags can only be given when Mode is Explicit.',
    );
  }
}

export function describeProvider(
  scope: Scope,
  name: string,
  { settings, lastModifiedMs }: CapacityProviderRow,
  state: CapacityProviderState = 'Active',
): CapacityProvider {
  return {
    CapacityProviderArn: providerArn(scope, name),
    State: state,
    ...settings,
    LastModified: lambdaTime(lastModifiedMs),
  };
}

/** What a function asks of its capacity provider, which must be there. */
export async function readCapacity(
  ctx: Context,
  config:
    | {
        readonly LambdaManagedInstancesCapacityProviderConfig: {
          readonly CapacityProviderArn: string;
          readonly PerExecutionEnvironmentMaxConcurrency?: number | undefined;
          readonly ExecutionEnvironmentMemoryGiBPerVCpu?: number | undefined;
        };
      }
    | undefined,
): Promise<StoredCapacity | undefined> {
  if (config === undefined) return undefined;
  const asked = config.LambdaManagedInstancesCapacityProviderConfig;
  await readProvider(ctx.store, ctx, providerNamed(asked.CapacityProviderArn, ctx));
  return {
    providerArn: asked.CapacityProviderArn,
    concurrency: asked.PerExecutionEnvironmentMaxConcurrency,
    memoryPerCpu: asked.ExecutionEnvironmentMemoryGiBPerVCpu,
  };
}
