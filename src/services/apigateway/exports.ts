import { stringify } from 'yaml';
import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Group } from '../../service/service.ts';
import { definitionOf, deploymentOf } from './deployments.ts';
import { badRequest } from './fault.ts';
import { exportDocument } from './openapi/exporter.ts';
import { stageOf } from './stages.ts';

export const exports = {
  GetExport: async (input, ctx) => {
    const { restApiId, stageName, exportType } = input;
    if (exportType !== 'swagger' && exportType !== 'oas30')
      throw badRequest("Invalid export type specified. Valid options are 'oas30', 'swagger'");
    const stage = await stageOf(ctx, restApiId, stageName);
    const definition = await definitionOf(ctx, await deploymentOf(ctx, restApiId, stage.deploymentId));
    const extensions = (input.parameters?.['extensions'] ?? '').split(',');
    const all = extensions.includes('apigateway');
    const document = exportDocument(definition, {
      version: exportType === 'swagger' ? 2 : 3,
      stageName,
      region: ctx.region,
      integrations: all || extensions.includes('integrations'),
      authorizers: all || extensions.includes('authorizers'),
    });
    const isYaml = input.accepts === 'application/yaml';
    const text = JSON.stringify(document, undefined, 2);
    const name = `${exportType}_${stage.createdAtMs}.${isYaml ? 'yaml' : 'json'}`;
    return {
      contentType: isYaml ? 'application/yaml' : 'application/json',
      contentDisposition: `attachment; filename="${name}"`,
      // Through JSON, so that absent members are absent in YAML too.
      body: Buffer.from(isYaml ? stringify(JSON.parse(text)) : text),
    };
  },
} satisfies Group<ApigatewayOperations>;
