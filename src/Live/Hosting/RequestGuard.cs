using Microsoft.AspNetCore.Http;
using Orrery.Live.Api;
using Orrery.Live.Settings;

namespace Orrery.Live.Hosting;

/// <summary>Who may ask: by host name, by page, by key. Pages of strangers that a browser on this machine shows are kept out.</summary>
internal sealed class RequestGuard
{
    private static readonly string[] OpenPaths = ["/health", "/ready"];

    private readonly KeyRing _keys;
    private readonly HashSet<string> _origins;
    private readonly HashSet<string>? _hosts;

    /// <param name="settings">Names and pages that are allowed.</param>
    /// <param name="keys">Empty where nobody needs one.</param>
    /// <param name="isLoopback">Only this machine can connect: then the names of requests are known, and another one is a page that had its name
    /// resolve to this machine (DNS rebinding).</param>
    public RequestGuard(ServeSettings settings, KeyRing keys, bool isLoopback)
    {
        _keys = keys;
        _origins = new(settings.Origins, StringComparer.OrdinalIgnoreCase);
        if (isLoopback) _hosts = new([settings.Host, "localhost", "127.0.0.1", "[::1]", .. settings.Hosts], StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Lets a request in.</summary>
    /// <returns>False: it was a browser's question whether it may ask, and has its answer in the headers.</returns>
    /// <exception cref="ApiException">401 or 403.</exception>
    public bool Admit(ApiCall call)
    {
        HttpRequest request = call.Context.Request;
        IHeaderDictionary headers = call.Context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["x-request-id"] = call.Id;
        string host = request.Host.Host;
        if (_hosts is not null && !_hosts.Contains(host))
            throw new ApiException(ApiError.Forbidden("the Host header names another server; ask 127.0.0.1 or localhost, or add the name to hosts of the serving file", "unknown_host"));
        if (request.Headers.Origin.Count > 0 && !AdmitPage(request, headers)) return false;
        if (_keys.IsEmpty || OpenPaths.Contains(request.Path.Value)) return true;
        if (_keys.Find(request.Headers.Authorization.ToString()) is { } name)
        {
            call.Client = name;
            return true;
        }
        headers.WWWAuthenticate = "Bearer";
        throw new ApiException(ApiError.WrongKey());
    }

    private bool AdmitPage(HttpRequest request, IHeaderDictionary headers)
    {
        string origin = request.Headers.Origin.ToString();
        if (!_origins.Contains(origin)) throw new ApiException(ApiError.Forbidden("pages of this origin may not ask; add it to origins of the serving file", "unknown_origin"));
        headers.AccessControlAllowOrigin = origin;
        headers.Vary = "Origin";
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        headers.AccessControlExposeHeaders = "x-request-id, Retry-After";
        if (request.Method != "OPTIONS" || !request.Headers.ContainsKey("Access-Control-Request-Method")) return true;
        headers.AccessControlAllowMethods = "GET, POST";
        headers.AccessControlAllowHeaders = request.Headers.AccessControlRequestHeaders;
        headers.AccessControlMaxAge = "600";
        return false;
    }
}
