// POST /ride {"PickupLocation": {"Latitude", "Longitude"}} → 201 {RideId, Unicorn, Eta, Rider}
import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';

const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const fleet = JSON.parse(process.env.FLEET).map(([Name, Color, Motto]) => ({ Name, Color, Motto }));

function answer(statusCode, body) {
  return {
    statusCode,
    headers: { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
}

/** The place to be picked up at, or undefined when the body names none on Earth. */
function readPickup(body) {
  let request;
  try {
    request = JSON.parse(body ?? '');
  } catch {
    return undefined;
  }
  const { Latitude, Longitude } = request?.PickupLocation ?? {};
  const onEarth =
    Number.isFinite(Latitude) &&
    Math.abs(Latitude) <= 90 &&
    Number.isFinite(Longitude) &&
    Math.abs(Longitude) <= 180;
  return onEarth ? { Latitude, Longitude } : undefined;
}

export async function handler(event, context) {
  const rider = event.requestContext?.authorizer?.claims?.['cognito:username'];
  if (rider === undefined) return answer(401, { Error: 'Sign in to ride.', Reference: context.awsRequestId });
  const pickup = readPickup(event.body);
  if (pickup === undefined) {
    return answer(400, {
      Error: 'PickupLocation needs a Latitude and a Longitude.',
      Reference: context.awsRequestId,
    });
  }
  const unicorn = fleet[Math.floor(Math.random() * fleet.length)];
  const ride = {
    RideId: randomUUID(),
    Rider: rider,
    Unicorn: unicorn,
    Eta: `${20 + Math.floor(Math.random() * 60)} seconds`,
  };
  await table.send(
    new PutCommand({
      TableName: process.env.TABLE_NAME,
      Item: { ...ride, PickupLocation: pickup, RequestedAt: new Date().toISOString() },
    }),
  );
  console.log(`${unicorn.Name} is on the way: ride ${ride.RideId}`);
  return answer(201, ride);
}
