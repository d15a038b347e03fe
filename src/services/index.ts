import type { ServiceDefinition } from '../service/service.ts';
import { cognitoIdp } from './cognito-idp/service.ts';
import { dynamodb } from './dynamodb/service.ts';
import { inbox } from './inbox/service.ts';
import { sts } from './sts/service.ts';

/** Every service Lambent has, a line each. */
export const services: readonly ServiceDefinition[] = [cognitoIdp, dynamodb, inbox, sts];
