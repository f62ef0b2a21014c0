// The round trips between public cloud regions: what `at: us-east-1` and --wan us-east-1,eu-west-1 mean.
//
// Source: CloudPing (https://www.cloudping.co, github.com/mda590/cloudping.co), API answer latencies?percentile=p_50&timeframe=1Y
// captured on 2025-05-29 (github.com/oaustegard/oaustegard.github.io, web-utilities/aws-ping-p50-1y.json).
// Measured: how long it takes to open a TCP connection (one round trip) from each AWS region to the DynamoDB endpoint of each
// other, five times every six hours; the median of a year. Here: the mean of both directions, in whole milliseconds. The
// source says nothing of jitter, so a place brings none. Real networks change: for other figures write `rtt` in the links.

/** Milliseconds to the places of the lines above it, in their order. */
const ROUND_TRIPS = {
  "us-east-1": [],
  "us-east-2": [15],
  "us-west-1": [64, 53],
  "us-west-2": [64, 51, 22],
  "ca-central-1": [16, 27, 80, 61],
  "sa-east-1": [115, 125, 175, 175, 126],
  "eu-west-1": [70, 80, 130, 118, 69, 178],
  "eu-west-2": [78, 88, 148, 129, 79, 187, 14],
  "eu-west-3": [84, 95, 144, 135, 86, 196, 20, 11],
  "eu-central-1": [93, 104, 153, 142, 93, 204, 27, 18, 12],
  "eu-north-1": [112, 123, 173, 155, 106, 223, 41, 32, 32, 23],
  "eu-south-1": [102, 112, 162, 151, 102, 213, 36, 27, 21, 12, 32],
  "me-south-1": [161, 172, 221, 217, 162, 273, 98, 89, 86, 86, 105, 113],
  "af-south-1": [227, 238, 287, 274, 224, 338, 159, 150, 146, 155, 174, 188, 249],
  "ap-south-1": [191, 202, 231, 222, 192, 301, 126, 117, 109, 129, 148, 110, 38, 272],
  "ap-southeast-1": [219, 203, 170, 161, 215, 327, 182, 172, 167, 161, 181, 152, 98, 317, 64],
  "ap-southeast-2": [200, 188, 139, 141, 198, 312, 256, 266, 280, 252, 272, 243, 189, 409, 154, 95],
  "ap-northeast-1": [149, 135, 108, 98, 145, 258, 201, 212, 218, 227, 247, 218, 175, 357, 134, 71, 107],
  "ap-northeast-2": [179, 165, 133, 123, 175, 288, 232, 242, 249, 231, 250, 222, 167, 387, 134, 74, 145, 36],
  "ap-northeast-3": [153, 141, 110, 100, 151, 264, 207, 217, 224, 234, 253, 225, 171, 370, 137, 77, 120, 10, 25],
  "ap-east-1": [198, 185, 155, 145, 197, 309, 230, 207, 201, 194, 213, 184, 131, 355, 98, 37, 128, 52, 39, 46],
} as const satisfies Readonly<Record<string, readonly number[]>>;

export type Place = keyof typeof ROUND_TRIPS;
export const PLACES = Object.keys(ROUND_TRIPS) as readonly Place[];

/** undefined where nothing is known: of a place that the table lacks, and of the way from a place to itself. */
export function roundTripMs(one: string, other: string): number | undefined {
  const places: readonly string[] = PLACES;
  const [first, second] = [places.indexOf(one), places.indexOf(other)].toSorted((a, b) => a - b);
  return ROUND_TRIPS[PLACES[second!]!]?.[first!];
}
