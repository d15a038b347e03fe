import { defineService } from '../../service/service.ts';
import { attributes } from './attributes.ts';
import { authorisation } from './authorisation.ts';
import { messages } from './messages.ts';
import { moveTasks } from './move-tasks.ts';
import { move } from './moving.ts';
import { permissions, resourcePolicy, resourceTags } from './permissions.ts';
import { nextVisible, queueChanges } from './queue.ts';
import { freeName, queues } from './queues.ts';
import { receives } from './receives.ts';
import { invalidAction, memberOfPath, refuseMissing } from './refusing.ts';
import { settlements } from './settlements.ts';
import { discard, sweep } from './sweeping.ts';
import { tags } from './tags.ts';

export const sqs = defineService({
  name: 'sqs',
  model: 'sqs',
  operations: {
    ...queues,
    ...attributes,
    ...messages,
    ...receives,
    ...settlements,
    ...permissions,
    ...tags,
    ...moveTasks,
  },
  authorisation,
  resourcePolicy,
  // As in the days before its JSON: clients that knew the code then must know it now.
  denial: { code: 'AccessDenied', status: 403 },
  resourceTags,
  changes: queueChanges,
  nextChange: nextVisible,
  jobs: { sweep, discard, move, 'free-name': freeName },
  refuseAlone: refuseMissing,
  pathMembers: memberOfPath,
  unknownAction: invalidAction,
});
