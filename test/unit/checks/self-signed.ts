// A self-signed certificate for www.lab.example, valid for a hundred years, and its key. It guards
// nothing: it is here so that tests of https checks need no openssl.

export const certificate = `-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUdUkJpYUq6cF/Rc18Z4xKgsqYNRQwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPd3d3LmxhYi5leGFtcGxlMCAXDTI2MTEyMTEyNDEzMloYDzIx
MjYxMDI4MTI0MTMyWjAaMRgwFgYDVQQDDA93d3cubGFiLmV4YW1wbGUwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQ949eN78uOsS8CMouRdRD8ROgmE5G99pRkISsz
VAPY2xtr86an4makeg3W5q5HqK1RbYojIYULxKWZvH4UM9kZo1MwUTAdBgNVHQ4E
FgQUwKb9psehjo55RDpB+5C6+vtaey0wHwYDVR0jBBgwFoAUwKb9psehjo55RDpB
+5C6+vtaey0wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA79JC
bwOdFlaCt4eIPdh8RMhWHLmRlg9mp5AHxPDlN1oCIQCnw/I6N7Y0N00GSGUqqQhn
zZgPTDBHPes/o+4i5jpJxg==
-----END CERTIFICATE-----
`;

export const privateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgapX7RB3/pQb7P8FC
JsP6UkS1bPuS2kPG9WPb7Sn4B9ehRANCAAQ949eN78uOsS8CMouRdRD8ROgmE5G9
9pRkISszVAPY2xtr86an4makeg3W5q5HqK1RbYojIYULxKWZvH4UM9kZ
-----END PRIVATE KEY-----
`;
