import type { ServiceDefinition } from '../service/service.ts';
import { apigateway } from './apigateway/service.ts';
import { applicationAutoscaling } from './application-autoscaling/service.ts';
import { cloudformation } from './cloudformation/service.ts';
import { cloudtrail } from './cloudtrail/service.ts';
import { cognitoIdp } from './cognito-idp/service.ts';
import { dynamodb, dynamodbstreams } from './dynamodb/service.ts';
import { iam } from './iam/service.ts';
import { inbox } from './inbox/service.ts';
import { lambda } from './lambda/service.ts';
import { logs } from './logs/service.ts';
import { organizations } from './organizations/service.ts';
import { s3 } from './s3/service.ts';
import { sns } from './sns/service.ts';
import { sqs } from './sqs/service.ts';
import { sts } from './sts/service.ts';

/** Every service Lambent has, a line each. */
export const services: readonly ServiceDefinition[] = [
  apigateway,
  applicationAutoscaling,
  cloudformation,
  cloudtrail,
  cognitoIdp,
  dynamodb,
  dynamodbstreams,
  iam,
  inbox,
  lambda,
  logs,
  organizations,
  s3,
  sns,
  sqs,
  sts,
];
