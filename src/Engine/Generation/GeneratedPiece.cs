using Orrery.Engine.Sampling;

namespace Orrery.Engine.Generation;

/// <summary>One step of the stream.</summary>
/// <param name="Token">The token; null in a last piece that only brings text that was held back.</param>
/// <param name="Text">Text that now certainly belongs to the answer: empty while characters or a possible stop string are incomplete.</param>
/// <param name="Logprob">The token's raw log-probability; 0 unless wanted.</param>
/// <param name="Likeliest">The likeliest tokens in its place; null unless wanted.</param>
public readonly record struct GeneratedPiece(int? Token, string Text, float Logprob, TokenLogprob[]? Likeliest);
