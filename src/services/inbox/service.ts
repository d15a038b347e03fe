import { defineService } from '../../service/service.ts';
import { frontDoor } from './front-door.ts';
import { startSweep } from './sweep.ts';

/** Where mail and text messages land instead of leaving the machine. */
export const inbox = defineService({
  name: 'inbox',
  operations: {},
  authorisation: {},
  frontDoors: [frontDoor],
  start: startSweep,
});
