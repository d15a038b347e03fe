/** The function both sides run: an item of the table by the key in the path. Imports resolve as on AWS. */
export const HANDLER_SOURCE = `
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
const client = new DynamoDBClient({});
export const handler = async (event) => {
  const index = Number(event.pathParameters.index);
  const { Item } = await client.send(new GetItemCommand({
    TableName: process.env.TABLE,
    Key: { pk: { S: 'user-' + Math.floor(index / 10) }, sk: { S: 'item-' + (index % 10) } },
  }));
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(Item) };
};
`;
