namespace Orrery.Live.Streams;

/// <summary>The model takes nothing more: it failed or is being stopped. The request itself was in order.</summary>
public sealed class ModelUnavailableException(string reason) : Exception(reason);
