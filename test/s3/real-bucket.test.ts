/**
 * S3, or a service that speaks its protocol, for real. Variables of the environment:
 *
 * - `VARVE_TEST_S3_URL`: a place that may be filled, `s3://bucket/folder`. Without it nothing here runs.
 * - `VARVE_TEST_S3_REGION`: its region. Default: `us-east-1`.
 * - `VARVE_TEST_S3_ENDPOINT`: where a service other than AWS is.
 * - `VARVE_TEST_S3_ACCESS_KEY_ID`, `VARVE_TEST_S3_SECRET_ACCESS_KEY` and, for temporary ones,
 *   `VARVE_TEST_S3_SESSION_TOKEN`: credentials that may get, put, delete and list there.
 */
import { s3Storage } from '../../src/storage/s3/index.js';
import { describeRealAccount } from '../contract/real-account.js';

const named = (name: string): string | undefined => process.env[`VARVE_TEST_S3_${name}`];

describeRealAccount('a real bucket of S3', 'VARVE_TEST_S3_URL', (url) => {
  const service = {
    region: named('REGION') ?? 'us-east-1',
    endpoint: named('ENDPOINT'),
    credentials: {
      accessKeyId: named('ACCESS_KEY_ID') ?? '',
      secretAccessKey: named('SECRET_ACCESS_KEY') ?? '',
      sessionToken: named('SESSION_TOKEN'),
    },
  };
  return { url, storage: s3Storage(service), service: JSON.stringify(service) };
});
