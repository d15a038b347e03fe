import { Fault } from '../../../service/faults.ts';
import type { Value, ValueMap } from '../template/value.ts';
import { mapIn, refuseOthers, requiredText } from './property.ts';
import type { Outcome, ResourceProvider, ResourceScope } from './provider.ts';

const SUPPORTED = ['TemplateURL', 'Parameters', 'Tags', 'TimeoutInMinutes'];
const LOOK_AGAIN_MS = 200;

interface Described {
  readonly Stacks?: readonly {
    readonly StackId: string;
    readonly StackStatus: string;
    readonly StackStatusReason?: string;
    readonly Outputs?: readonly { readonly OutputKey: string; readonly OutputValue: string }[];
  }[];
}

function input(wanted: ValueMap, scope: ResourceScope) {
  const parameters = mapIn(wanted, 'Parameters') ?? {};
  return {
    TemplateURL: requiredText(wanted, 'TemplateURL'),
    Parameters: Object.entries(parameters).map(([ParameterKey, value]) => ({
      ParameterKey,
      ParameterValue: Array.isArray(value) ? value.join(',') : String(value),
    })),
    Tags: wanted['Tags'] ?? [],
    Capabilities: scope.capabilities,
  };
}

/** Done when the stack has come to rest where its parent wants it. */
async function look(physicalId: string, goal: string, scope: ResourceScope): Promise<Outcome> {
  const { Stacks } = await scope.call<Described>('cloudformation', 'DescribeStacks', {
    StackName: physicalId,
  });
  const stack = Stacks?.[0];
  if (stack === undefined)
    throw new Fault('ResourceNotFoundException', `Stack with id ${physicalId} does not exist`);
  if (stack.StackStatus === goal) {
    const outputs = (stack.Outputs ?? []).map(({ OutputKey, OutputValue }): [string, Value] => [
      `Outputs.${OutputKey}`,
      OutputValue,
    ]);
    return { physicalId, attributes: Object.fromEntries(outputs) };
  }
  if (stack.StackStatus.endsWith('_IN_PROGRESS')) return { physicalId, waitMs: LOOK_AGAIN_MS, memo: goal };
  const verb = goal.split('_')[0]?.toLowerCase() ?? '';
  throw new Fault(
    'ValidationError',
    `Embedded stack ${physicalId} was not successfully ${verb}d: ${stack.StackStatusReason ?? stack.StackStatus}`,
  );
}

/** AWS::CloudFormation::Stack: a stack inside a stack. */
export const nestedStack: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const { StackId } = await scope.call<{ StackId: string }>('cloudformation', 'CreateStack', {
      StackName: scope.name(128),
      // The token lets a second try find what the first began.
      ClientRequestToken: scope.name(128),
      ...(wanted['TimeoutInMinutes'] === undefined ? {} : { TimeoutInMinutes: wanted['TimeoutInMinutes'] }),
      ...input(wanted, scope),
    });
    scope.stands(StackId);
    return look(StackId, 'CREATE_COMPLETE', scope);
  },

  async update({ physicalId }, wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    try {
      await scope.call('cloudformation', 'UpdateStack', { StackName: physicalId, ...input(wanted, scope) });
    } catch (error) {
      if (!Fault.is(error) || error.message !== 'No updates are to be performed.') throw error;
      const { Stacks } = await scope.call<Described>('cloudformation', 'DescribeStacks', {
        StackName: physicalId,
      });
      return look(physicalId, Stacks?.[0]?.StackStatus ?? 'UPDATE_COMPLETE', scope);
    }
    return look(physicalId, 'UPDATE_COMPLETE', scope);
  },

  async remove({ physicalId }, { call }) {
    await call('cloudformation', 'DeleteStack', { StackName: physicalId });
    return { physicalId, waitMs: 0, memo: 'DELETE_COMPLETE' };
  },

  settle({ physicalId, memo }, scope) {
    return look(physicalId, String(memo), scope);
  },
};
