// SPDX-License-Identifier: MIT
pragma solidity ^0.8.19;

interface IERC721 {
    function ownerOf(uint256 tokenId) external view returns (address);
    function safeTransferFrom(address from, address to, uint256 tokenId) external;
    function transferFrom(address from, address to, uint256 tokenId) external;
}

/**
 * @title Auction sells single tokens to whoever bids most.
 * @dev An example for tests; it has faults on purpose. Never deploy it.
 */
contract Auction {
    enum Phase {
        None,
        Running,
        Settled,
        Cancelled
    }

    struct Lot {
        address seller;
        address collection;
        uint256 tokenId;
        uint256 reserve;
        uint256 highestBid;
        address highestBidder;
        uint40 endsAt;
        Phase phase;
    }

    uint256 public constant EXTENSION = 15 minutes;
    uint256 public constant MAX_FEE_BPS = 1_000;
    uint256 public feeBps = 250;
    address payable public treasury;
    uint256 public lotCount;

    mapping(uint256 => Lot) public lots;
    mapping(address => uint256) public pendingReturns;

    event LotOpened(uint256 indexed lotId, address indexed seller, uint256 reserve);
    event BidPlaced(uint256 indexed lotId, address indexed bidder, uint256 bid);
    event LotSettled(uint256 indexed lotId, address winner, uint256 price);
    event LotCancelled(uint256 indexed lotId);

    constructor(address payable treasury_) {
        treasury = treasury_;
    }

    function open(
        address collection,
        uint256 tokenId,
        uint256 reserve,
        uint40 duration
    ) external returns (uint256 lotId) {
        require(duration >= 1 hours && duration <= 30 days, "Auction: bad duration");
        require(
            IERC721(collection).ownerOf(tokenId) == msg.sender,
            "Auction: not the owner"
        );
        lotId = ++lotCount;
        lots[lotId] = Lot({
            seller: msg.sender,
            collection: collection,
            tokenId: tokenId,
            reserve: reserve,
            highestBid: 0,
            highestBidder: address(0),
            endsAt: uint40(block.timestamp) + duration,
            phase: Phase.Running
        });
        IERC721(collection).transferFrom(msg.sender, address(this), tokenId);
        emit LotOpened(lotId, msg.sender, reserve);
    }

    function bid(uint256 lotId) external payable {
        Lot storage lot = lots[lotId];
        require(lot.phase == Phase.Running, "Auction: not running");
        require(block.timestamp < lot.endsAt, "Auction: over");
        require(msg.value >= lot.reserve, "Auction: below reserve");
        require(msg.value > lot.highestBid, "Auction: too low");

        // Pushes the money back: a bidder that refuses it blocks everyone.
        if (lot.highestBidder != address(0)) {
            (bool sent, ) = lot.highestBidder.call{value: lot.highestBid}("");
            require(sent, "Auction: refund failed");
        }

        lot.highestBid = msg.value;
        lot.highestBidder = msg.sender;
        if (lot.endsAt - block.timestamp < EXTENSION) {
            lot.endsAt = uint40(block.timestamp + EXTENSION);
        }
        emit BidPlaced(lotId, msg.sender, msg.value);
    }

    function settle(uint256 lotId) external {
        Lot storage lot = lots[lotId];
        require(lot.phase == Phase.Running, "Auction: not running");
        require(block.timestamp >= lot.endsAt, "Auction: still running");
        lot.phase = Phase.Settled;

        if (lot.highestBidder == address(0)) {
            IERC721(lot.collection).safeTransferFrom(address(this), lot.seller, lot.tokenId);
            emit LotSettled(lotId, address(0), 0);
            return;
        }

        uint256 fee = (lot.highestBid * feeBps) / 10_000;
        uint256 proceeds = lot.highestBid - fee;
        pendingReturns[lot.seller] += proceeds;
        treasury.transfer(fee);
        IERC721(lot.collection).safeTransferFrom(
            address(this),
            lot.highestBidder,
            lot.tokenId
        );
        emit LotSettled(lotId, lot.highestBidder, lot.highestBid);
    }

    function cancel(uint256 lotId) external {
        Lot storage lot = lots[lotId];
        require(msg.sender == lot.seller, "Auction: not the seller");
        require(lot.highestBidder == address(0), "Auction: has bids");
        lot.phase = Phase.Cancelled;
        IERC721(lot.collection).transferFrom(address(this), lot.seller, lot.tokenId);
        emit LotCancelled(lotId);
    }

    function withdraw() external returns (bool) {
        uint256 due = pendingReturns[msg.sender];
        if (due > 0) {
            pendingReturns[msg.sender] = 0;
            if (!payable(msg.sender).send(due)) {
                pendingReturns[msg.sender] = due;
                return false;
            }
        }
        return true;
    }

    function setFee(uint256 bps) external {
        require(bps <= MAX_FEE_BPS, "Auction: fee too high");
        feeBps = bps;
    }

    function setTreasury(address payable next) external {
        require(tx.origin == treasury, "Auction: not the treasury");
        treasury = next;
    }
}
