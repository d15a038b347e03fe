import type { ApigatewayErrorName } from '../../model/gen/apigateway.ts';
import { faults } from '../../service/faults.ts';

export const fault = faults<ApigatewayErrorName>();

export const badRequest = (message: string) => fault('BadRequestException', message);
export const notFound = (message: string) => fault('NotFoundException', message);
export const conflict = (message: string) => fault('ConflictException', message);

export const noSuchApi = (account: string, id: string) =>
  notFound(`Invalid API identifier specified ${account}:${id}`);
export const noSuchResource = () => notFound('Invalid Resource identifier specified');
export const noSuchMethod = () => notFound('Invalid Method identifier specified');
export const noSuchIntegration = () => notFound('Invalid Integration identifier specified');
export const noSuchStatus = () => notFound('Invalid Response status code specified');
export const noSuchStage = () => notFound('Invalid stage identifier specified');
export const noSuchDeployment = () => notFound('Invalid Deployment identifier specified');
export const noSuchAuthorizer = () => notFound('Invalid Authorizer identifier specified');
export const noSuchModel = (name: string) => notFound(`Invalid model name specified: ${name}`);
export const noSuchValidator = () => notFound('Invalid Request Validator identifier specified');
export const noSuchKey = () => notFound('Invalid API Key identifier specified');
export const noSuchPlan = () => notFound('Invalid Usage Plan ID specified');
