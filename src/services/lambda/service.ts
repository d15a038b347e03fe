import { defineService } from '../../service/service.ts';
import { aliases } from './aliases.ts';
import { authorisation } from './authorisation.ts';
import { capacityProviders } from './capacity-providers.ts';
import { codeDoor } from './code-door.ts';
import { codeSigning } from './code-signing.ts';
import { eventInvokeConfigs } from './event-invoke-configs.ts';
import { guardEvent, runEvent } from './events.ts';
import { functions } from './functions.ts';
import { warmUpNewest } from './holding.ts';
import { invocations } from './invocations.ts';
import { invokeAsync } from './invoke-async.ts';
import { layerPermissions } from './layer-permissions.ts';
import { layers } from './layers.ts';
import { limits } from './limits.ts';
import { management } from './management.ts';
import { mappings } from './mappings.ts';
import { permissions, resourcePolicy } from './permissions.ts';
import { pollersOf } from './pollers.ts';
import { poll } from './polling.ts';
import { provideAll, provisions } from './provisions.ts';
import { runningOf } from './running.ts';
import { scalingConfigs } from './scaling-configs.ts';
import { streaming } from './streaming.ts';
import { resourceTags, tags } from './tags.ts';
import { updates } from './updates.ts';
import { urlDoor } from './url-door.ts';
import { urls } from './urls.ts';
import { versions } from './versions.ts';

/** The server answers its first requests before workers take its processors. */
const STAND_BY_MS = 500;

export const lambda = defineService({
  name: 'lambda',
  model: 'lambda',
  operations: {
    ...functions,
    ...updates,
    ...versions,
    ...aliases,
    ...permissions,
    ...invocations,
    ...invokeAsync,
    ...streaming,
    ...limits,
    ...layers,
    ...layerPermissions,
    ...tags,
    ...eventInvokeConfigs,
    ...urls,
    ...management,
    ...codeSigning,
    ...capacityProviders,
    ...scalingConfigs,
    ...mappings,
    ...provisions,
  },
  authorisation,
  stored: [
    'CreateCapacityProvider',
    'CreateCodeSigningConfig',
    'DeleteCapacityProvider',
    'DeleteCodeSigningConfig',
    'DeleteFunctionCodeSigningConfig',
    'GetCapacityProvider',
    'GetCodeSigningConfig',
    'GetFunctionCodeSigningConfig',
    'GetFunctionScalingConfig',
    'GetRuntimeManagementConfig',
    'ListCapacityProviders',
    'ListCodeSigningConfigs',
    'ListFunctionVersionsByCapacityProvider',
    'ListFunctionsByCodeSigningConfig',
    'PutFunctionCodeSigningConfig',
    'PutFunctionScalingConfig',
    'PutRuntimeManagementConfig',
    'UpdateCapacityProvider',
    'UpdateCodeSigningConfig',
  ],
  frontDoors: [codeDoor, urlDoor],
  jobs: {
    event: runEvent,
    guard: guardEvent,
    poll,
  },
  resourcePolicy,
  resourceTags,
  start: async (ctx) => {
    const running = runningOf(ctx);
    running.start(ctx);
    // The first cold starts after a restart find workers standing by; nothing waits for that.
    const cancel = ctx.world.timers.after(STAND_BY_MS, () => {
      Promise.all([warmUpNewest(ctx), provideAll(ctx)]).catch((error: unknown) =>
        ctx.log('warn', 'no workers stand by', { error: String(error) }),
      );
    });
    const pollers = pollersOf(ctx);
    await pollers.start(ctx);
    return async () => {
      cancel();
      pollers.stop();
      await running.stop();
    };
  },
});
