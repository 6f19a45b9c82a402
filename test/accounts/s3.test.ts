import { describeAccount, describeWithAccount } from './account.js';

describeWithAccount('VARVE_TEST_S3_URL', (url, setting) => {
  const options = {
    region: setting('VARVE_TEST_S3_REGION') ?? 'us-east-1',
    endpoint: setting('VARVE_TEST_S3_ENDPOINT'),
    credentials: {
      accessKeyId: setting('VARVE_TEST_S3_ACCESS_KEY_ID') ?? '',
      secretAccessKey: setting('VARVE_TEST_S3_SECRET_ACCESS_KEY') ?? '',
      sessionToken: setting('VARVE_TEST_S3_SESSION_TOKEN'),
    },
  };
  describeAccount('S3', url, { kind: 's3', options });
});
