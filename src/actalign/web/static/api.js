// Calls to the server; a failed one throws the server's sentence.

// The server is away, or the page is being left.
export class Unanswered extends Error {}

// keepalive: it is sent though the page is being left; browsers take 64 kB so.
export async function call(path, { method = "GET", json, body, keepalive = false } = {}) {
  let answer;
  try {
    answer = await fetch(`/api/${path}`, {
      method,
      keepalive,
      body: json === undefined ? body : JSON.stringify(json),
      headers: json === undefined ? {} : { "Content-Type": "application/json" },
    });
  } catch {
    throw new Unanswered("The server does not answer; is `actalign serve` still running?");
  }
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}
