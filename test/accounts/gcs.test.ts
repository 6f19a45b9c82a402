import { describeAccount, describeWithAccount } from './account.js';

describeWithAccount('VARVE_TEST_GCS_URL', (url, setting) => {
  describeAccount('google cloud storage', url, {
    kind: 'gcs',
    endpoint: setting('VARVE_TEST_GCS_ENDPOINT'),
    token: setting('VARVE_TEST_GCS_TOKEN'),
    userProject: setting('VARVE_TEST_GCS_USER_PROJECT'),
  });
});
