export const signIn = {
  title: "Sign in",
  token: "Token",
  tokenHelp: "An admin makes one: ota-cloud token new --role operator --output token.txt",
  submit: "Sign in",
  linkHelp: "Or open the link that ota-cloud serve prints: it signs in once, within an hour.",
  linkUsed: "This link is used up or too old. Take a token, or start the cloud anew for another link.",
  expired: "Your session has ended. Sign in to go on where you were.",
  wrongToken: "This token is not valid. Check that it was copied whole, and that it was not revoked.",
};
