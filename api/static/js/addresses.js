// Where things are on this server.

/** All of a family. */
export const page = (family) => `/families/${encodeURIComponent(family.id)}`;

/** The search for a word that is set in a face. */
export const search = (faceId) => `/?face=${encodeURIComponent(faceId)}`;

/** A face's specimen, or a text drawn in it. */
export const preview = (faceId, text) =>
  `/v1/faces/${encodeURIComponent(faceId)}/preview.png${text ? `?text=${encodeURIComponent(text)}` : ""}`;
