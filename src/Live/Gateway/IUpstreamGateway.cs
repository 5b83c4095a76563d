using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Orrery.Live.Gateway;

/// <summary>A request to hand on: its sender is authenticated, its size within the limits, its JSON an object with a model that is served.</summary>
/// <param name="Body">The JSON as it came.</param>
/// <param name="Path">Of the endpoint, such as <c>/v1/chat/completions</c>.</param>
/// <param name="Model">The name that the client used.</param>
/// <param name="IsStream">Whether the client wants server-sent events.</param>
/// <param name="Client">Name of the client's key: whose quota and share of the service it takes.</param>
/// <param name="Priority">Lower is more urgent.</param>
/// <param name="User">The user that the request names.</param>
public sealed record GatewayRequest(ReadOnlyMemory<byte> Body, string Path, string Model, bool IsStream, string Client, int Priority, string? User);

/// <summary>Hands requests on to other OpenAI-compatible engines. Safe for callers on any thread.</summary>
public interface IUpstreamGateway
{
    /// <summary>Names of all models that some upstream has, whether it is up or not.</summary>
    IReadOnlyList<string> Models { get; }

    bool Serves(string model);

    /// <summary>Answers the request, errors included; returns when the answer has ended or the client has left.</summary>
    Task ForwardAsync(HttpContext context, GatewayRequest request);

    /// <summary>The gateway's own metrics in the Prometheus text format.</summary>
    string Metrics();

    /// <summary>Writes one JSON object: queue, clients and upstreams as they are now.</summary>
    void WriteState(Utf8JsonWriter writer);
}
