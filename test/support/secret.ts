/** The signing secret of tests, that `${SECRET}` stands for. */
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
