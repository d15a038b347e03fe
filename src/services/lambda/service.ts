import { defineService } from '../../service/service.ts';
import { aliases } from './aliases.ts';
import { authorisation } from './authorisation.ts';
import { codeDoor } from './code-door.ts';
import { eventInvokeConfigs } from './event-invoke-configs.ts';
import { runEvent } from './events.ts';
import { functions } from './functions.ts';
import { invocations } from './invocations.ts';
import { layers } from './layers.ts';
import { limits } from './limits.ts';
import { management } from './management.ts';
import { permissions, resourcePolicy } from './permissions.ts';
import { runningOf } from './running.ts';
import { tags } from './tags.ts';
import { updates } from './updates.ts';
import { urlDoor } from './url-door.ts';
import { urls } from './urls.ts';
import { versions } from './versions.ts';

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
    ...limits,
    ...layers,
    ...tags,
    ...eventInvokeConfigs,
    ...urls,
    ...management,
  },
  authorisation,
  frontDoors: [codeDoor, urlDoor],
  jobs: { event: runEvent },
  resourcePolicy,
  stored: ['PutFunctionRecursionConfig'],
  start: async (ctx) => {
    const running = runningOf(ctx);
    running.start(ctx);
    return () => running.stop();
  },
});
