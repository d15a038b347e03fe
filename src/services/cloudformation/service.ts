import { defineService } from '../../service/service.ts';
import { authorisation } from './authorisation.ts';
import { callbackDoor } from './callback-door.ts';
import { changeSets } from './change-sets.ts';
import { advance } from './engine/advance.ts';
import { retire } from './engine/retire.ts';
import { timeOut } from './engine/start.ts';
import { work } from './engine/work.ts';
import { exports } from './exports.ts';
import { stackDescriptions } from './stack-descriptions.ts';
import { resourceTags } from './stack-lookup.ts';
import { stackPolicies } from './stack-policies.ts';
import { stacks } from './stacks.ts';
import { templates } from './templates.ts';

export const cloudformation = defineService({
  name: 'cloudformation',
  model: 'cloudformation',
  operations: { ...stacks, ...changeSets, ...stackDescriptions, ...templates, ...exports, ...stackPolicies },
  authorisation,
  resourceTags,
  frontDoors: [callbackDoor],
  jobs: { advance, work, retire, timeout: timeOut },
});
