import { GoogleAuth } from 'google-auth-library';
import { gcsStorage } from '../../src/storage/gcs/index.js';
import { describeAccount, describeWithAccount } from './account.js';

const scopes = 'https://www.googleapis.com/auth/devstorage.read_write';

describeWithAccount('VARVE_TEST_GCS_URL', (url, setting) => {
  const endpoint = setting('VARVE_TEST_GCS_ENDPOINT');
  const userProject = setting('VARVE_TEST_GCS_USER_PROJECT');
  const isAnonymous = setting('VARVE_TEST_GCS_ANONYMOUS') === 'true';
  const way = isAnonymous ? ({ anonymous: true } as const) : { auth: new GoogleAuth({ scopes }) };
  describeAccount('google cloud storage', url, gcsStorage({ ...way, endpoint, userProject }));
});
